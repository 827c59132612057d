"""What makes an op take its inputs that refuses them: tried on stand-ins before it is offered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import torch
from msgspec import Struct

from guigrad.document import ports
from guigrad.document.model import In, Node, Sym
from guigrad.engine.again import again
from guigrad.engine.values import MISSING
from guigrad.run.request import Repair

OFFERED: Final = 4
"""Repairs that are offered at most."""
REAL_ELEMENTS: Final = 1 << 18
"""Tensors up to so many elements are tried as zeros, larger ones without memory."""
_TRIED: Final = In("?")


class Tried(Struct, frozen=True):
    """What one op said to stand-ins: its result (a stand-in too), or the exception."""

    result: Any = None
    error: Exception | None = None


def stand_ins(values: Mapping[In, Any]) -> dict[In, Any]:
    """Tensors of the same shapes, strides and dtypes without the numbers; what is no tensor stays."""
    large = any(tensor.numel() > REAL_ELEMENTS for value in values.values() for tensor in _tensors(value))
    return {wire: _stand_in(value, large) for wire, value in values.items()}


def attempt(node: Node, values: Mapping[In, Any]) -> Tried:
    """Runs one node on stand-ins; nothing of what is there changes, random states included."""
    state = torch.get_rng_state()
    try:
        with torch.no_grad():
            inputs = [_copy(values[wire]) for wire in node.inputs() if wire.node is not None]
            return Tried(again(node, inputs, None))
    except Exception as error:
        return Tried(error=error)
    finally:
        torch.set_rng_state(state)


def repairs(node: Node, values: Mapping[In, Any], first: str = "", casts: bool = False) -> tuple[Repair, ...]:
    """What can be put on one wire of a node that refuses ``values``, so that it takes them; those of the port ``first`` come first.

    ``casts``: it is the dtypes that do not fit. ``values`` are stand-ins.
    """
    found: list[Repair] = []
    wired = [(port.path, port.value) for port in ports.ports(node) if port.place and isinstance(port.value, In)]
    wired = [(path, wire) for path, wire in wired if isinstance(values.get(wire), torch.Tensor)]
    order = sorted(wired, key=lambda pair: pair[0] != first) if first else wired[::-1]
    for path, wire in order:
        others = [values[other] for place, other in wired if place != path]
        own = found and not casts and path != first
        for op, args in _candidates(values[wire], others, casts):
            changed = attempt(Node("?", op, (wire, *args)), values)
            if changed.error is not None or len(found) >= OFFERED:
                continue
            try:
                mended = ports.set_at(node, path, _TRIED)
            except ValueError:
                break
            tried = attempt(mended, {**values, _TRIED: changed.result})
            if tried.error is None:
                found.append(Repair(path, op, args, described(tried.result), described(changed.result)))
                if own:
                    break
    return tuple(found)


def described(value: Any) -> str:
    """``(2, 3) float32``; the type of what is no tensor."""
    if isinstance(value, torch.Tensor):
        shape = f"({', '.join(map(str, value.shape))}{',' if value.ndim == 1 else ''})"
        return f"{shape} {str(value.dtype).removeprefix('torch.')}"
    if isinstance(value, tuple | list):
        return f"{len(value)} values"
    return type(value).__name__


def _candidates(x: torch.Tensor, others: Sequence[torch.Tensor], casts: bool) -> Iterator[tuple[str, tuple[Any, ...]]]:
    if casts:
        yield from _casts(x, others)
        return
    if x.ndim >= 2:
        yield "torch.Tensor.mT", ()
    if x.ndim < 6:
        # A new dimension at the end or in front is what is meant most often.
        for dim in dict.fromkeys((*((x.ndim,) if x.ndim == 1 else ()), *range(x.ndim + 1))):
            yield "torch.Tensor.unsqueeze", (dim,)
    for dim, size in enumerate(x.shape):
        if size == 1:
            yield "torch.Tensor.squeeze", (dim,)
    for shape in dict.fromkeys(tuple(other.shape) for other in others):
        if shape != tuple(x.shape) and x.numel() == torch.Size(shape).numel():
            yield "torch.Tensor.reshape", shape
    if x.ndim >= 3:
        yield "torch.Tensor.flatten", (1,)
        yield "torch.Tensor.transpose", (0, 1)


def _casts(x: torch.Tensor, others: Sequence[torch.Tensor]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """To the dtype that holds all of them; to an index's; to a floating point one."""
    wanted = x.dtype
    for other in others:
        wanted = torch.promote_types(wanted, other.dtype)
    for dtype in dict.fromkeys((wanted, *(other.dtype for other in others), torch.float32, torch.int64)):
        loses = x.dtype.is_floating_point and not dtype.is_floating_point and dtype != torch.int64
        if dtype != x.dtype and not loses and not (x.dtype.is_complex and not dtype.is_complex):
            yield "torch.Tensor.to", (Sym(str(dtype)),)


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _tensors(item)


def _stand_in(value: Any, large: bool) -> Any:
    if isinstance(value, torch.Tensor):
        if value.layout != torch.strided or value.is_quantized:
            return MISSING
        if large or value.device.type == "meta":
            return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device="meta")
        reach = 1 + sum((size - 1) * step for size, step in zip(value.shape, value.stride(), strict=True))
        return torch.zeros(max(reach, 0), dtype=value.dtype).as_strided(value.shape, value.stride())
    if isinstance(value, tuple | list):  # torch.return_types too
        items = [_stand_in(item, large) for item in value]
        if any(item is MISSING for item in items):
            return MISSING
        return items if isinstance(value, list) else tuple(items)
    return value


def _copy(value: Any) -> Any:
    """So that an op in place changes no stand-in."""
    if isinstance(value, torch.Tensor):
        return value.clone(memory_format=torch.preserve_format)
    return [_copy(item) for item in value] if type(value) is list else value
