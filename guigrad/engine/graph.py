"""The grad_fns that tensors lead to, read without changing anything.

Note [Looking]
Nothing here calls a hook that the program has set: a saved tensor that a saved-tensor hook packed (checkpointing computes anew in such a hook)
is said to be packed and left alone. No hook is put anywhere and no reference stays when the records are made.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import torch
from msgspec import Struct

from guigrad.engine.look import name_of_grad_fn
from guigrad.engine.recorder import ACCUMULATE, Edge, edge_of
from guigrad.engine.second import maker, order, sequence
from guigrad.engine.values import dtype_name, text_of
from guigrad.run.graph import GradNode, Graph, Saved

_known: WeakKeyDictionary[type, tuple[tuple[tuple[str, bool], ...], bool]] = WeakKeyDictionary()

SAVED = "_saved_"
RAW = "_raw_saved_"


class Keep(Struct, frozen=True):
    """One thing that a grad_fn saved, live: ``tensor`` where torch has it, else ``value``. See Saved for the states."""

    name: str
    state: str
    tensor: Any = None
    value: Any = None


def reached(roots: Iterable[Any]) -> list[Any]:
    """Every grad_fn that some lead to, each behind those that it leads to, otherwise in the order of the forward."""
    todo = list(dict.fromkeys(roots))
    users: dict[Any, list[Any]] = {fn: [] for fn in todo}
    waits: dict[Any, int] = {}
    while todo:
        fn = todo.pop()
        targets = {target for target, _ in fn.next_functions if target is not None}
        waits[fn] = len(targets)
        for target in targets:
            if target not in users:
                users[target] = []
                todo.append(target)
            users[target].append(fn)
    count = {fn: -number for number, fn in enumerate(waits)}  # leaves: the last found is the first read
    ready = [(sequence(fn), number, fn) for fn, number in count.items() if not waits[fn]]
    heapq.heapify(ready)
    found = []
    while ready:
        fn = heapq.heappop(ready)[2]
        found.append(fn)
        for user in users[fn]:
            waits[user] -= 1
            if not waits[user]:
                heapq.heappush(ready, (sequence(user), count[user], user))
    return found


def outputs_of(fn: Any) -> tuple[tuple[tuple[int, ...], str, str], ...]:
    """(shape, dtype, device) of each thing that the forward gave."""
    found = []
    for meta in getattr(fn, "_input_metadata", ()):
        try:
            shape = tuple(int(size) for size in meta.shape)
        except (RuntimeError, TypeError):  # nested tensors have no shape
            shape = ()
        found.append((shape, dtype_name(meta.dtype), str(meta.device)))
    return tuple(found)


def saved_by(fn: Any) -> Iterator[Keep]:
    """What a grad_fn saved. See Note [Looking]."""
    names, custom = _names(type(fn))
    for name, is_tensor in names:
        if is_tensor:
            yield from _tensors(name, _asked(fn, RAW + name), partial(getattr, fn, SAVED + name))
        else:
            value = _asked(fn, SAVED + name)
            yield Keep(name, "freed") if isinstance(value, RuntimeError) else Keep(name, "number", value=value)
    if custom:
        raw = _asked(fn, "_raw_saved_tensors")
        if isinstance(raw, RuntimeError):
            yield Keep("tensors", "freed")
        else:
            yield from _tensors("tensors", raw, lambda: fn.saved_tensors)


def _names(kind: type) -> tuple[tuple[tuple[str, bool], ...], bool]:
    """What grad_fns of a kind save: (name, whether it is a tensor) each, and whether they are of a custom Function."""
    known = _known.get(kind)
    if known is None:
        every = dir(kind)
        found = [full.removeprefix(SAVED) for full in every if full.startswith(SAVED)]
        known = tuple((name, RAW + name in every) for name in found), "_raw_saved_tensors" in every
        _known[kind] = known
    return known


def _tensors(name: str, raw: Any, unpacked: Callable[[], Any]) -> Iterator[Keep]:
    if isinstance(raw, RuntimeError):
        yield Keep(name, "freed")
        return
    if isinstance(raw, tuple | list):  # a list of tensors: all or none are there
        packed = any(is_packed(one) for one in raw)
        values = None if packed or not raw else _told(unpacked)
        for at, one in enumerate(raw):
            value = values[at] if isinstance(values, tuple | list) and at < len(values) else values
            yield _keep(f"{name}_{at}", one, value, packed)
        return
    packed = is_packed(raw)
    yield _keep(name, raw, None if packed else _told(unpacked), packed)


def _keep(name: str, raw: Any, value: Any, packed: bool) -> Keep:
    if packed:
        return Keep(name, "packed")
    if isinstance(value, torch.Tensor):
        return Keep(name, "kept", value)
    if isinstance(value, RuntimeError):
        if "in-place" in str(value) or "inplace" in str(value):
            data = getattr(raw, "data", None)
            return Keep(name, "changed", data if isinstance(data, torch.Tensor) else None)
        return Keep(name, "freed")
    return Keep(name, "number", value=value)


def is_packed(raw: Any) -> bool:
    """Whether a hook of the program packed a saved tensor."""
    return getattr(raw, "unpack_hook", None) is not None


def _asked(fn: Any, name: str) -> Any:
    return _told(lambda: getattr(fn, name))


def _told(ask: Callable[[], Any]) -> Any:
    """What is answered; torch's refusal as a value, without what it refers to."""
    try:
        return ask()
    except (RuntimeError, AttributeError) as error:
        return RuntimeError(str(error))


def graph(
    roots: Iterable[Any],
    owners: Mapping[Any, tuple[str, str, bool]],
    label: Callable[[Edge], str],
    made: Mapping[Edge, torch.Tensor],
) -> Graph:
    """The records of all that ``roots`` (grad_fns) lead to.

    ``owners``: (label, node id, inside) by grad_fn. ``label`` names the value that an edge's forward gave, ``made`` holds the known ones.
    """
    roots = list(dict.fromkeys(roots))
    found = reached(roots)
    ids = {fn: f"g{number}" for number, fn in enumerate(found)}
    numbers: dict[int | None, str] = {sequence(fn): key for fn, key in ids.items() if type(fn) is not ACCUMULATE}
    nodes = []
    for fn in found:
        place, key, inside = owners.get(fn, ("", "", False))
        leaf = type(fn) is ACCUMULATE
        value = fn.variable if leaf else made.get((fn, 0))
        hooked = [fn.variable] if leaf else [made[edge] for edge in edges_of(fn) if edge in made]
        nodes.append(
            GradNode(
                ids[fn],
                name_of_grad_fn(fn),
                "accumulate" if leaf else "backward",
                place,
                key,
                inside,
                tuple(None if target is None else (ids[target], number) for target, number in fn.next_functions),
                tuple((shape, dtype) for shape, dtype, _ in outputs_of(fn)),
                tuple(_saved(keep, label) for keep in saved_by(fn) if keep.state != "number" or keep.value is not None),
                sequence(fn),
                sum(map(hooks, hooked)),
                version(value),
                value is not None and bool(value._is_view()),
                order(sequence(fn)),
                numbers.get(maker(sequence(fn)), ""),
            )
        )
    return Graph(tuple(nodes), tuple(ids[fn] for fn in roots))


def edges_of(fn: Any) -> list[Edge]:
    """The places where gradients arrive at a grad_fn, one for each thing that the forward gave."""
    return [(fn, at) for at in range(max(1, len(getattr(fn, "_input_metadata", ()))))]


def hooks(tensor: torch.Tensor | None) -> int:
    """How many hooks the program has put on a tensor."""
    if tensor is None:
        return 0
    after = getattr(tensor, "_post_accumulate_grad_hooks", None)
    return len(tensor._backward_hooks or ()) + len(after or ())


def version(tensor: torch.Tensor | None) -> int | None:
    """A tensor's counter of in-place changes."""
    return None if tensor is None or tensor.is_inference() else tensor._version


def _saved(keep: Keep, label: Callable[[Edge], str]) -> Saved:
    tensor = keep.tensor
    if tensor is None:
        text = "" if keep.state != "number" else text_of(keep.value, 200)
        return Saved(keep.name, keep.state, text=text)
    edge = edge_of(tensor)
    return Saved(
        keep.name,
        keep.state,
        "" if edge is None else label(edge),
        tuple(tensor.shape),
        dtype_name(tensor.dtype),
        version(tensor),
        text_of(tensor.item(), 40)
        if type(tensor) is torch.Tensor and tensor.device.type == "cpu" and not tensor.dim()
        else "",
    )
