"""Statistics and histograms of tensors of any size, piece by piece: no copy of the whole is made, and it can be interrupted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import torch
from msgspec import Struct
from torch import Tensor

from guigrad.run.frame import Stats
from guigrad.run.tensor import BINS, ODD, Spread

WHOLE = 1 << 22
"""What has no more entries is summed up by torch in one go."""
PIECE = 1 << 15
"""Entries of a larger one that are looked at at once: they stay in the processor's cache, and torch does not share such a piece out to threads (2 to 6 times faster)."""

Source = Callable[[], Iterable[Tensor]]
"""Gives the entries anew, in row-major order. Shapes: [n] each"""


class Sums(Struct):
    """``stats``; how many entries are no NaN and how many finite, with their mean and range; ``odd``: the row-major places of the first that are not."""

    stats: Stats
    real: int = 0
    finite: int = 0
    centre: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    odd: tuple[int, ...] = ()


def pieces(tensor: Tensor) -> Iterator[Tensor]:
    """A tensor's entries in row-major order. Shapes: any -> [n] each"""
    yield from _cut(tensor, WHOLE if tensor.numel() <= WHOLE else PIECE)


def _cut(tensor: Tensor, most: int) -> Iterator[Tensor]:
    if tensor.numel() <= most:
        yield tensor.reshape(-1)
    elif tensor.shape[0] == 1:
        yield from _cut(tensor[0], most)
    else:
        rows = max(1, most * tensor.shape[0] // tensor.numel())
        for start in range(0, tensor.shape[0], rows):
            yield from _cut(tensor[start : start + rows], most)


@torch.no_grad()
def stats(tensor: Tensor) -> Stats | None:
    """Statistics of a tensor; None for what cannot be summed up."""
    if tensor.layout is not torch.strided or tensor.is_quantized or not tensor.numel() or tensor.device.type == "meta":
        return None
    found = summed(lambda: pieces(tensor.detach()))
    return None if found is None else found.stats


def summed(source: Source) -> Sums | None:
    """All pieces together; None without entries."""
    found, seen = None, 0
    for piece in source():
        if piece.numel():
            more = _sums(piece, seen if found is None or len(found.odd) < ODD else -1)
            found, seen = more if found is None else _merged(found, more), seen + piece.numel()
    return found


def _numbers(piece: Tensor) -> Tensor:
    """Real numbers in double precision; of complex ones the magnitude."""
    flat = piece.abs() if piece.is_complex() else piece
    return flat.cpu().double() if flat.device.type == "mps" else flat.double()


def _sums(piece: Tensor, start: int) -> Sums:
    """``start``: how many entries came before; -1 where odd places need not be told any more."""
    flat = _numbers(piece)
    wrong = ~torch.isfinite(flat)
    if not bool(wrong.any()):
        low, high, centre = float(flat.min()), float(flat.max()), float(flat.mean())
        zeros = flat.numel() - int(flat.count_nonzero())
        known = Stats(low, centre, high, float(flat.std(correction=0)), float(flat.norm()), zeros)
        return Sums(known, flat.numel(), flat.numel(), centre, low, high)
    places = wrong.nonzero().reshape(-1)[:ODD] + start if start >= 0 else torch.empty(0)
    odd = tuple(int(place) for place in places.tolist())
    nans, infs = int(torch.isnan(flat).sum()), int(torch.isinf(flat).sum())
    real, good = flat[~torch.isnan(flat)], flat[~wrong]
    if not real.numel():
        nan = math.nan
        return Sums(Stats(nan, nan, nan, nan, nan, 0, nans, infs), odd=odd)
    return Sums(
        Stats(
            float(real.min()),
            float(real.mean()),
            float(real.max()),
            float(good.std(correction=0)) if good.numel() else 0.0,
            float(real.norm()),
            int((real == 0).sum()),
            nans,
            infs,
        ),
        real.numel(),
        good.numel(),
        float(good.mean()) if good.numel() else 0.0,
        float(good.min()) if good.numel() else math.inf,
        float(good.max()) if good.numel() else -math.inf,
        odd,
    )


def _merged(a: Sums, b: Sums) -> Sums:
    """What holds of both together; the variance after Chan, Golub and LeVeque."""
    x, y = a.stats, b.stats
    odd, nans, infs = (*a.odd, *b.odd)[:ODD], x.nans + y.nans, x.infs + y.infs
    if not a.real or not b.real:
        one = b if not a.real else a
        s = one.stats
        known = Stats(s.minimum, s.mean, s.maximum, s.std, s.norm, s.zeros, nans, infs)
        return Sums(known, one.real, one.finite, one.centre, one.low, one.high, odd)
    real, finite = a.real + b.real, a.finite + b.finite
    mine, others = (a.finite / finite, b.finite / finite) if finite else (0.0, 0.0)
    centre, apart = a.centre * mine + b.centre * others, a.centre - b.centre
    wide = math.hypot(x.std * math.sqrt(mine), y.std * math.sqrt(others), apart * math.sqrt(mine * others))
    known = Stats(
        min(x.minimum, y.minimum),
        x.mean * (a.real / real) + y.mean * (b.real / real),
        max(x.maximum, y.maximum),
        wide,
        math.hypot(x.norm, y.norm),
        x.zeros + y.zeros,
        nans,
        infs,
    )
    return Sums(known, real, finite, centre, min(a.low, b.low), max(a.high, b.high), odd)


def spread(source: Source, sums: Sums | None, whole: bool) -> Spread:
    """The histogram of what is finite. ``whole``: they are whole numbers, each gets its bin where they are few."""
    if sums is None or not sums.finite:
        return Spread()
    low, high, bins = sums.low, sums.high, BINS
    if whole and high - low < BINS:
        low, high, bins = low - 0.5, high + 0.5, int(high - low) + 1
    elif low == high:
        return Spread(low, high, (sums.finite,))
    top = max(abs(low), abs(high))  # the width of the range of the largest numbers is no number
    counts = torch.zeros(bins, dtype=torch.float64)
    for numbers in _batches(source):
        good = numbers[torch.isfinite(numbers)] if sums.odd else numbers
        counts += torch.histc(good / top, bins, low / top, high / top)
    return Spread(low, high, tuple(int(count) for count in counts.tolist()))


def _batches(source: Source) -> Iterator[Tensor]:
    """Pieces put together: histc always shares its work out to threads, which does not pay for small ones."""
    batch, count = [], 0
    for piece in source():
        batch.append(_numbers(piece).cpu())
        count += piece.numel()
        if count >= WHOLE:
            yield torch.cat(batch)
            batch, count = [], 0
    if batch:
        yield torch.cat(batch)
