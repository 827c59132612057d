"""Two tensors of one shape, entry by entry, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from guigrad.engine.summary import pieces
from guigrad.engine.values import array_of
from guigrad.run.tensor import Comparison

_WHOLE = {2: torch.int16, 4: torch.int32, 8: torch.int64}
_MAGNITUDE = {torch.int16: 2**15 - 1, torch.int32: 2**31 - 1, torch.int64: 2**63 - 1}


def differences(a: Tensor, b: Tensor) -> Iterator[Tensor]:
    """a - b in double precision; equal infinities and two NaN give 0. Shapes: [n] each"""
    for x, y in zip(pieces(a), pieces(b), strict=True):
        yield difference(x, y)


def difference(a: Tensor, b: Tensor) -> Tensor:
    """a - b in double precision; equal infinities and two NaN give 0. Shapes: as ``a``"""
    a, b = a.cpu(), b.cpu()
    x, y = _wide(a, b)
    return torch.where(_equal(a, b, x, y), torch.zeros((), dtype=x.dtype), x - y)


def compare(a: Tensor, b: Tensor, same_bits: bool, check: Callable[[], None]) -> Comparison:
    """How much they differ. ``check`` is called between pieces and may raise."""
    differing, largest, relative, where, seen, ulps = 0, 0.0, 0.0, -1, 0, -1
    exact = a.dtype == b.dtype and not (a.is_floating_point() or a.is_complex())
    for one, other in zip(pieces(a), pieces(b), strict=True):
        check()
        if not one.numel():
            continue
        one, other = one.cpu(), other.cpu()
        x, y = _wide(one, other)
        equal = _equal(one, other, x, y)
        unequal = equal.numel() - int(equal.count_nonzero())
        ulps = max(ulps, _ulps(one, other))
        if unequal:
            size = torch.where(equal, 0.0, (x - y).abs())
            if exact:  # integers beyond 2**53 differ although their doubles do not
                size = torch.where(equal, size, size.clamp(min=1.0))
            size = torch.where(torch.isnan(size), torch.inf, size)
            parts = torch.where(torch.isinf(size), size, size / torch.maximum(x.abs(), y.abs()))
            relative = max(relative, float(torch.where(size == 0, 0.0, parts).max()))
            place = int(size.argmax())
            if where < 0 or float(size[place]) > largest:
                largest, where = float(size[place]), seen + place
            differing += unequal
        seen += equal.numel()
    return Comparison(differing, largest, relative, where, same_bits, ulps)


def same_bits(a: Tensor, b: Tensor, check: Callable[[], None]) -> bool:
    """Whether dtype, shape and every bit are the same; the signs of zeros and what NaN carry count."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    for x, y in zip(pieces(a), pieces(b), strict=True):
        check()
        one, other = array_of(x.contiguous()), array_of(y.contiguous())
        if one is None or other is None or one.data != other.data:
            return False
    return True


def _wide(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    wide = torch.complex128 if a.is_complex() or b.is_complex() else torch.float64
    return a.to(wide), b.to(wide)


def _equal(a: Tensor, b: Tensor, x: Tensor, y: Tensor) -> Tensor:
    equal = a == b if a.dtype == b.dtype else x == y
    return equal | (torch.isnan(x) & torch.isnan(y))


def _ulps(a: Tensor, b: Tensor) -> int:
    """Representable numbers from one to the other, the most of all finite pairs; -1 where that says nothing."""
    if a.dtype != b.dtype or not (a.is_floating_point() or a.is_complex()):
        return -1
    if a.is_complex():
        a, b = torch.view_as_real(a).reshape(-1), torch.view_as_real(b).reshape(-1)
    whole = _WHOLE.get(a.element_size())
    finite = torch.isfinite(a) & torch.isfinite(b)
    if whole is None or not bool(finite.any()):
        return -1
    # A number's bits, read as a whole number, count the representable numbers from zero up to it.
    one, other = (part.contiguous().view(whole).to(torch.int64) & _MAGNITUDE[whole] for part in (a, b))
    across = torch.signbit(a) != torch.signbit(b)
    most = int(torch.where(finite & ~across, (one - other).abs(), 0).max())
    if bool((finite & across).any()):  # from one to zero and on to the other: in 64 bits their sum may be too large
        place = int(torch.where(finite & across, one.double() + other.double(), -1.0).argmax())
        most = max(most, int(one[place]) + int(other[place]))
    return most
