"""One tensor looked at closely: its bits, statistics, histogram and difference from another, all by torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import torch
from msgspec import structs
from torch import Tensor

from guigrad.document.array import NUMPY, ArrayData
from guigrad.engine.differ import compare, difference, differences, same_bits
from guigrad.engine.jacobian import stop_if_asked
from guigrad.engine.summary import pieces, spread, summed
from guigrad.engine.values import array_of, dtype_name, is_leaf, tensor_of
from guigrad.run import tensor as records
from guigrad.run.tensor import AskTensor, Comparison

if TYPE_CHECKING:
    from guigrad.engine.play import Engine

_VIEWS: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "re": (torch.real, "torch.real"), "im": (torch.imag, "torch.imag"), "abs": (torch.abs, "torch.abs"), "angle": (torch.angle, "torch.angle"),
}  # fmt: skip


class NoTensor(Exception):
    """There is no such tensor; the text says why."""


@torch.no_grad()
def closeup(engine: Engine, asked: AskTensor) -> records.Tensor:
    """Nothing raises, and nothing changes. Thread: the engine's."""
    made = records.Tensor(asked.place, asked.part, asked.view, (engine.revision, engine.verbs))
    try:
        found = _moment(asked.bits) if asked.bits is not None else tensor_at(engine, asked.place, asked.part)
        state = "" if asked.bits is not None else engine.state.status.get(_node(engine, asked.place)[0], "not run")
        made = structs.replace(made, state=state, dtype=dtype_name(found.dtype), shape=tuple(found.shape))
        return _look(engine, asked, made, found)
    except NoTensor as error:
        return structs.replace(made, reason=str(error))
    except (RuntimeError, MemoryError, TypeError) as error:
        return structs.replace(made, reason=f"torch: {error}")


def _look(engine: Engine, asked: AskTensor, made: records.Tensor, found: Tensor) -> records.Tensor:
    plain, notes = _plain(found)
    if plain.is_complex() and asked.view in _VIEWS:
        part, name = _VIEWS[asked.view]
        plain = part(plain)
        notes.append(name)
    comparison, other = None, None
    if asked.against is not None:
        comparison, other = _compared(engine, asked, found, plain)

    def source() -> Iterator[Tensor]:
        for piece in pieces(plain) if other is None else differences(plain, other):
            stop_if_asked(engine)
            yield piece

    steps = _steps(tuple(plain.shape), asked.limit)
    cut = tuple(slice(None, None, step) for step in steps)
    bits = _bits(found, cut, steps)
    if other is not None:
        notes.append(f"a − b in {'complex128' if plain.is_complex() or other.is_complex() else 'float64'}")
        shown = array_of(difference(plain[cut], other[cut]))
    else:
        shown = None if plain is found and bits is not None else _bits(plain, cut, steps)
    if bits is None and shown is None:
        raise NoTensor("there is no memory for a copy of this tensor")
    sums = summed(source)
    return structs.replace(
        made,
        bits=bits,
        shown=shown,
        steps=steps if max(steps, default=1) > 1 else (),
        note=" · ".join(notes),
        stats=None if sums is None else sums.stats,
        extremes=_extremes(plain) if other is None else (),
        spread=spread(source, sums, other is None and not (plain.is_floating_point() or plain.is_complex())),
        odd=() if sums is None else sums.odd,
        comparison=comparison,
    )


def _extremes(tensor: Tensor) -> tuple[int, ...]:
    """Of integers the minimum and the maximum, which doubles may not hold."""
    if tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool or not tensor.numel():
        return ()
    try:
        return int(tensor.min()), int(tensor.max())
    except RuntimeError:
        return ()


def _moment(bits: ArrayData) -> Tensor:
    try:
        return tensor_of(bits)
    except ValueError as error:
        raise NoTensor(str(error)) from None


def _node(engine: Engine, place: str) -> tuple[str, int | None]:
    """The node, and which of its outputs, that the key of a record means."""
    if place in engine.document.nodes or not place.endswith("]"):
        return place, None
    key, _, index = place[:-1].rpartition("[")
    return (key, int(index)) if index.isdecimal() else (place, None)


def tensor_at(engine: Engine, place: str, part: str = "value") -> Tensor:
    key, output = _node(engine, place)
    if key not in engine.document.nodes:
        raise NoTensor("there is no such node any more")
    value = engine.plan.value(key)
    if output is not None and isinstance(value, tuple | list):
        value = value[output] if output < len(value) else None
    if not isinstance(value, Tensor):
        status = engine.state.status.get(key, "not run")
        raise NoTensor("not run yet" if status == "not run" else status if status == "failed" else "this is no tensor")
    if part == "value":
        return value
    if part == "xray":
        found = None if engine.tape is None else engine.tape.gradients.get(place)
        if found is None:
            raise NoTensor("no backward has passed here")
        return found
    grad = value.grad if is_leaf(value) or value.retains_grad else None
    if grad is None:
        raise NoTensor("None")
    return grad


def _plain(tensor: Tensor) -> tuple[Tensor, list[str]]:
    """The tensor as one whose numbers can be shown, and what was done for that."""
    found, notes = tensor.detach(), []
    if found.device.type == "meta":
        raise NoTensor("a meta tensor holds no numbers")
    if found.is_nested:
        raise NoTensor("a nested tensor has no one shape")
    if found.is_quantized:
        found = found.dequantize()
        notes.append("dequantize()")
    if found.layout is not torch.strided:
        found = found.to_dense()
        notes.append("to_dense()")
    if found.is_conj() or found.is_neg():
        found = found.resolve_conj().resolve_neg()
    name = dtype_name(found.dtype)
    if name not in NUMPY and name != "bfloat16":
        found = found.to(torch.complex64 if found.is_complex() else torch.float32)
        notes.append(f"{name} shown as {dtype_name(found.dtype)}")
    return (found if notes else tensor), notes


def _steps(shape: tuple[int, ...], limit: int) -> tuple[int, ...]:
    """Every which entry of each dimension is sent, so that no more than ``limit`` are."""
    steps, sizes = [1] * len(shape), list(shape)
    while sizes and math.prod(sizes) > limit > 0:
        widest = max(range(len(sizes)), key=sizes.__getitem__)
        steps[widest] *= 2
        sizes[widest] = -(-shape[widest] // steps[widest])
    return tuple(steps)


def _bits(tensor: Tensor, cut: tuple[slice, ...], steps: tuple[int, ...]) -> ArrayData | None:
    if max(steps, default=1) == 1:
        return array_of(tensor)
    if tensor.layout is not torch.strided or tensor.is_quantized:
        return None
    return array_of(tensor.detach()[cut].contiguous())


def _compared(engine: Engine, asked: AskTensor, found: Tensor, plain: Tensor) -> tuple[Comparison, Tensor | None]:
    """The comparison, and the other tensor if its difference can be shown."""
    against = asked.against
    assert against is not None
    try:
        other = _moment(against) if isinstance(against, ArrayData) else tensor_at(engine, against, asked.part)
        if found.shape != other.shape:
            return Comparison(reason=f"shapes differ: {list(found.shape)} and {list(other.shape)}"), None
        right, _ = _plain(other)
    except NoTensor as error:
        return Comparison(reason=f"the other: {error}"), None
    check = partial(stop_if_asked, engine)
    same = found.dtype == other.dtype and same_bits(_plain(found)[0], right, check)
    if right.is_complex() and asked.view in _VIEWS:
        right = _VIEWS[asked.view][0](right)
    return compare(plain, right, same, check), right
