"""Restore points: what a session cannot compute anew, as plain data, and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from guigrad.document.array import ArrayData
from guigrad.engine.effects import FLAGS
from guigrad.engine.state import KEPT_OBJECTS
from guigrad.engine.values import MISSING, array_of, elements, is_leaf, tensor_of, tensors_in
from guigrad.run.request import Point

if TYPE_CHECKING:
    from guigrad.engine.play import Engine


def point(engine: Engine) -> Point:
    """Source values, gradients, random states and the state of optimizers, schedulers and generators."""
    state, plan = engine.state, engine.plan
    engine.ledger.save(engine.verbs, _tensors(engine))
    values: dict[str, Any] = {}
    grads: dict[str, ArrayData] = {}
    flags: list[str] = []
    objects: dict[str, Any] = {}
    for key in state.order:
        value = plan.value(key)
        if value is MISSING or state.status.get(key) != "fresh":  # a stale source will be made anew
            continue
        if not isinstance(value, torch.Tensor):
            if isinstance(value, KEPT_OBJECTS):
                objects[key] = _object_state(value)
            continue
        if not (key in state.sources or (is_leaf(value) and state.is_kept(key))):
            continue
        pristine = state.pristine.get(key)
        source = pristine.tensor if pristine is not None and pristine.version == value._version else value
        array = array_of(source)
        if array is None:
            continue
        values[key] = array
        if value.requires_grad and is_leaf(value):
            flags.append(key)
        if is_leaf(value) and value.grad is not None:
            grad = array_of(value.grad)
            if grad is not None:
                grads[key] = grad
    random, ambient = engine.ambient.save()
    for key, (before, after) in state.random.items():
        random[f"{key}<"], random[f"{key}>"] = before.numpy().tobytes(), after.numpy().tobytes()
    return Point(engine.revision, engine.verbs, values, grads, tuple(flags), random, objects, ambient)


def restore(engine: Engine, point: Point) -> None:
    """Puts sources and states back; a source that the document no longer has, or has otherwise now, is left out.

    Tensors that hold the same bits stay the objects that they are, so what was computed from them stays fresh.
    """
    state, plan = engine.state, engine.plan
    engine.ledger.hold()
    engine.verbs, engine.said, engine.tape = point.verbs, [], None
    changed = {*state.pristine, *(key for key in state.sources if _was_changed(plan.value(key)))}
    state.put_back()
    state.forget_stretches()
    for key in changed:  # what was computed from it, and what changed it, is played again
        if key in state.context:
            _stale_below(engine, key, flags=True)
            if key not in point.values and state.status.get(key) == "fresh":
                state.status[key] = "stale"
    for key, array in point.values.items():
        if key not in state.context or state.status.get(key) == "stale":
            continue
        value = plan.value(key)
        if not (isinstance(value, torch.Tensor) and is_leaf(value) and array_of(value) == array):
            if isinstance(value, torch.Tensor) and is_leaf(value) and tuple(value.shape) == array.shape:
                value.data.copy_(tensor_of(array, value.device))
                _stale_below(engine, key)
            else:
                plan.put(key, tensor_of(array, engine.device))
                _stale_below(engine, key)
                value = plan.value(key)
            if not engine.document.nodes[key].kwargs or state.status.get(key) != "fresh":
                state.status[key] = "fresh"
            state.sources.add(key)
        if value.requires_grad != (key in point.flags):
            value.requires_grad_(key in point.flags)
        grad = point.grads.get(key)
        value.grad = None if grad is None else tensor_of(grad, value.device)
    for key in state.order:
        for tensor in tensors_in(plan.value(key)):
            mine = key not in point.values and is_leaf(tensor) and tensor.requires_grad
            if mine or (tensor.retains_grad and not is_leaf(tensor)):  # forward makes intermediates without a gradient
                tensor.grad = None
    engine.ledger.restore(point.verbs, _tensors(engine))
    own = {name: states for name, states in point.random.items() if name[-1:] not in "<>"}
    engine.ambient.restore(own, point.ambient)
    for name, states in point.random.items():
        if name.endswith("<") and name[:-1] in state.context and f"{name[:-1]}>" in point.random:
            state.random[name[:-1]] = (_bytes(states), _bytes(point.random[f"{name[:-1]}>"]))
    for key, saved in point.objects.items():
        if key in state.context and isinstance(plan.value(key), KEPT_OBJECTS):
            _load_object(plan.value(key), saved)


def _tensors(engine: Engine) -> Iterator[tuple[str, torch.Tensor]]:
    """What may have a ``.grad``, with its places."""
    for key in engine.state.order:
        value = engine.plan.value(key)
        if type(value) is torch.Tensor and not (value.requires_grad and is_leaf(value)):  # most are
            continue
        for place, tensor in elements(key, value):
            if is_leaf(tensor) and tensor.requires_grad:
                yield place, tensor


def _was_changed(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and not value.is_inference() and value._version > 0


def _stale_below(engine: Engine, key: str, flags: bool = False) -> None:
    """What depends on a source is to be computed again; with ``flags`` also what sets its requires_grad."""
    state = engine.state
    for other in state.below({key}) - {key}:
        kept = state.is_kept(other) and not (flags and engine.document.nodes[other].op in FLAGS)
        if state.status.get(other) == "fresh" and not kept:
            state.status[other] = "stale"


def _bytes(states: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(states), dtype=torch.uint8)


def _object_state(value: Any) -> Any:
    if isinstance(value, torch.Generator):
        return {"generator": value.get_state().numpy().tobytes()}
    return _packed(value.state_dict())


def _load_object(value: Any, saved: Any) -> None:
    if isinstance(value, torch.Generator):
        value.set_state(_bytes(saved["generator"]))
        return
    if isinstance(value, torch.optim.Optimizer):
        value.state.clear()
    value.load_state_dict(_unpacked(saved))


def _packed(value: Any) -> Any:
    """A state_dict as plain data."""
    if isinstance(value, torch.Tensor):
        return array_of(value)
    if isinstance(value, dict):
        return {"dict": [(key, _packed(item)) for key, item in value.items()]}
    if isinstance(value, list):
        return {"list": [_packed(item) for item in value]}
    if isinstance(value, tuple):
        return {"tuple": [_packed(item) for item in value]}
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def _unpacked(value: Any) -> Any:
    if isinstance(value, ArrayData):
        return tensor_of(value)
    if isinstance(value, dict):
        if "dict" in value:
            return {key: _unpacked(item) for key, item in value["dict"]}
        if "list" in value:
            return [_unpacked(item) for item in value["list"]]
        return tuple(_unpacked(item) for item in value["tuple"])
    return value
