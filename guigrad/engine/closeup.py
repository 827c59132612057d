"""One tensor looked at closely: its bits, statistics, histogram and difference from another, all by torch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from msgspec import structs
from torch import Tensor

from guigrad.document.array import NUMPY, ArrayData
from guigrad.engine.look import stats
from guigrad.engine.values import array_of, dtype_name, is_leaf, tensor_of
from guigrad.run import tensor as records
from guigrad.run.tensor import AskTensor, Comparison, Spread

if TYPE_CHECKING:
    from guigrad.engine.play import Engine

_VIEWS = {"re": torch.real, "im": torch.imag, "abs": torch.abs, "angle": torch.angle}


class _Nothing(Exception):
    """There is no such tensor; the text says why."""


@torch.no_grad()
def closeup(engine: Engine, asked: AskTensor) -> records.Tensor:
    """Nothing raises, and nothing changes. Thread: the engine's."""
    made = records.Tensor(asked.place, asked.part, asked.view, (engine.revision, engine.verbs))
    try:
        found = _moment(asked.bits) if asked.bits is not None else _read(engine, asked.place, asked.part)
        state = "" if asked.bits is not None else engine.state.status.get(_node(engine, asked.place)[0], "not run")
        made = structs.replace(made, state=state, dtype=dtype_name(found.dtype), shape=tuple(found.shape))
        return _look(engine, asked, made, found)
    except _Nothing as error:
        return structs.replace(made, reason=str(error))
    except (RuntimeError, MemoryError, TypeError, NotImplementedError) as error:
        return structs.replace(made, reason=f"torch: {error}")


def _look(engine: Engine, asked: AskTensor, made: records.Tensor, found: Tensor) -> records.Tensor:
    plain, notes = _plain(found)
    if plain.is_complex() and asked.view in _VIEWS:
        plain = _VIEWS[asked.view](plain)
        notes.append(
            f"torch.{asked.view if asked.view in ('abs', 'angle') else {'re': 'real', 'im': 'imag'}[asked.view]}"
        )
    comparison = None
    if asked.against is not None:
        comparison, difference = _compare(engine, asked, found, plain)
        if difference is not None:
            plain = difference
            notes.append(f"difference in {dtype_name(plain.dtype)}")
    steps = _steps(tuple(plain.shape), asked.limit)
    cut = tuple(slice(None, None, step) for step in steps)
    bits = _bits(found, cut, steps)
    shown = None if plain is found and bits is not None else _bits(plain, cut, steps)
    if bits is None and shown is None:
        raise _Nothing("there is no memory for a copy of this tensor")
    return structs.replace(
        made,
        bits=bits,
        shown=shown,
        steps=steps if max(steps, default=1) > 1 else (),
        note=" · ".join(notes),
        stats=stats(plain),
        spread=_spread(plain),
        odd=_odd(plain),
        comparison=comparison,
    )


def _moment(bits: ArrayData) -> Tensor:
    try:
        return tensor_of(bits)
    except ValueError as error:
        raise _Nothing(str(error)) from None


def _node(engine: Engine, place: str) -> tuple[str, int | None]:
    """The node, and which of its outputs, that the key of a record means."""
    if place in engine.document.nodes or not place.endswith("]"):
        return place, None
    key, _, index = place[:-1].rpartition("[")
    return (key, int(index)) if index.isdecimal() else (place, None)


def _read(engine: Engine, place: str, part: str) -> Tensor:
    key, output = _node(engine, place)
    if key not in engine.document.nodes:
        raise _Nothing("there is no such node any more")
    value = engine.plan.value(key)
    if output is not None and isinstance(value, tuple | list):
        value = value[output] if output < len(value) else None
    if not isinstance(value, Tensor):
        status = engine.state.status.get(key, "not run")
        raise _Nothing("not run yet" if status == "not run" else status if status == "failed" else "this is no tensor")
    if part == "value":
        return value
    if part == "xray":
        found = None if engine.tape is None else engine.tape.gradients.get(place)
        if found is None:
            raise _Nothing("no backward has passed here")
        return found
    grad = value.grad if is_leaf(value) or value.retains_grad else None
    if grad is None:
        raise _Nothing("None")
    return grad


def _plain(tensor: Tensor) -> tuple[Tensor, list[str]]:
    """The tensor as one whose numbers can be shown, and what was done for that."""
    found, notes = tensor.detach(), []
    if found.device.type == "meta":
        raise _Nothing("a meta tensor holds no numbers")
    if found.is_nested:
        raise _Nothing("a nested tensor has no one shape")
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


def _spread(tensor: Tensor) -> Spread:
    flat = tensor.detach().reshape(-1)
    flat = flat.abs() if flat.is_complex() else flat
    if not flat.numel():
        return Spread()
    whole = not flat.is_floating_point()
    numbers = flat.cpu().double()
    numbers = numbers[torch.isfinite(numbers)]
    if not numbers.numel():
        return Spread()
    low, high = float(numbers.min()), float(numbers.max())
    if whole and high - low < records.BINS:  # a bin for each number
        bins = int(high - low) + 1
        counts = torch.histc(numbers, bins, low - 0.5, high + 0.5)
        return Spread(low - 0.5, high + 0.5, tuple(int(count) for count in counts.tolist()))
    if low == high:
        return Spread(low, high, (numbers.numel(),))
    top = max(abs(low), abs(high))  # the width of the range of the largest numbers is no number
    counts = torch.histc(numbers / top, records.BINS, low / top, high / top)
    return Spread(low, high, tuple(int(count) for count in counts.tolist()))


def _odd(tensor: Tensor) -> tuple[int, ...]:
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return ()
    flat = tensor.detach().reshape(-1)
    places = (~torch.isfinite(flat)).nonzero().reshape(-1)[: records.ODD]
    return tuple(int(place) for place in places.tolist())


def _compare(engine: Engine, asked: AskTensor, found: Tensor, plain: Tensor) -> tuple[Comparison, Tensor | None]:
    against = asked.against
    assert against is not None
    try:
        other = _moment(against) if isinstance(against, ArrayData) else _read(engine, against, asked.part)
        if found.shape != other.shape:
            return Comparison(reason=f"shapes differ: {tuple(found.shape)} and {tuple(other.shape)}"), None
        b, _ = _plain(other)
    except _Nothing as error:
        return Comparison(reason=f"the other: {error}"), None
    if b.is_complex() and asked.view in _VIEWS:
        b = _VIEWS[asked.view](b)
    a, b = plain.detach().cpu(), b.detach().cpu()
    same_bits = found.dtype == other.dtype and _raw(found) == _raw(other)
    wide = torch.complex128 if a.is_complex() or b.is_complex() else torch.float64
    x, y = a.to(wide), b.to(wide)
    exact = a.dtype == b.dtype  # integers beyond 2**53 differ although their doubles do not
    equal = (a == b) if exact else (x == y)
    equal = equal | (torch.isnan(x) & torch.isnan(y))
    difference = torch.where(equal, torch.zeros((), dtype=wide), x - y)
    if not difference.numel():
        return Comparison(same_bits=same_bits), difference
    size = difference.abs()
    if exact and not (a.is_floating_point() or a.is_complex()):
        size = torch.where(equal, size, size.clamp(min=1.0))
    size = torch.where(torch.isnan(size), torch.inf, size).reshape(-1)
    larger = torch.maximum(x.abs(), y.abs()).reshape(-1)
    relative = torch.where(size == 0, 0.0, torch.where(torch.isinf(size), torch.inf, size / larger))
    where = int(size.argmax())
    differing = int((~equal).sum())
    return Comparison(
        differing, float(size[where]), float(relative.max()), where if differing else -1, same_bits
    ), difference


def _raw(tensor: Tensor) -> bytes | None:
    """Every bit of a tensor in row-major order."""
    copy = tensor.detach()
    if copy.layout is not torch.strided or copy.is_quantized:
        copy = _plain(copy)[0]
    array = array_of(copy.resolve_conj().resolve_neg().contiguous())
    return None if array is None else array.data
