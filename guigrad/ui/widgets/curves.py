"""Numbers over steps as arrays that can be drawn: a run's own steps, smoothed, with holes where a logarithm has none."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from guigrad.run.recording import Recording
from guigrad.run.series import Series

Numbers: TypeAlias = NDArray[np.float64]


class Curve(Struct, frozen=True):
    """A watched number of one run. ``name`` is what the legend says; ``first_nan`` the first step without a number (0: none)."""

    run: int
    watch: str
    name: str
    x: Numbers
    y: Numbers
    first_nan: int = 0


def columns(series: Series) -> tuple[Numbers, Numbers]:
    """Steps and numbers. Where buckets hold many steps each gives its least and its greatest, so that no spike is lost."""
    low, high, last = (np.frombuffer(part) for part in series.packed())
    x = np.arange(len(last), dtype=np.float64) * series.stride + (series.first + series.stride - 1)
    if len(x):
        x[-1] = min(x[-1], series.end)
    if series.stride == 1:
        return x, last.copy()
    return np.repeat(x, 2), np.column_stack((low, high)).ravel()


def curves(
    recording: Recording, names: tuple[str, ...], runs: frozenset[int], differs: Mapping[int, str] | None = None
) -> tuple[Curve, ...]:
    """The curves of these numbers in these runs; a branch begins at the point that it left. ``differs`` is what the legend calls a run."""
    found = []
    several = len(recording.runs) > 1
    for run in recording.runs:
        if run.number not in runs:
            continue
        for name in names:
            series = run.series.get(name)
            if series is None or not len(series):
                continue
            x, y = columns(series)
            before = recording.runs[run.parent].series.get(name) if run.parent is not None else None
            if before is not None and before.first <= run.start <= before.end:
                x, y = np.insert(x, 0, run.start), np.insert(y, 0, before.at(run.start))
            title = f"{name} · {(differs or {}).get(run.number, run.name)}" if several else name
            found.append(Curve(run.number, name, title, x, y, series.first_nan))
    return tuple(found)


def smooth(y: Numbers, width: int) -> Numbers:
    """The mean of each number with those before it, ``width`` in all; what is not finite counts as missing."""
    if width <= 1 or not len(y):
        return y
    there = np.isfinite(y)
    sums, counts = np.cumsum(np.where(there, y, 0.0)), np.cumsum(there, dtype=np.float64)
    width = min(width, len(y))
    sums[width:] -= sums[:-width].copy()
    counts[width:] -= counts[:-width].copy()
    found: Numbers = np.divide(sums, counts, out=np.full(len(y), np.nan), where=counts > 0)
    return found


def drawable(x: Numbers, y: Numbers, log_x: bool, log_y: bool) -> tuple[Numbers, Numbers]:
    """NaN where nothing can be drawn: infinities, and what has no logarithm."""
    y = np.where(np.isfinite(y), y, np.nan)
    if log_y:
        y = np.where(y > 0, y, np.nan)
    if log_x:
        keep = x > 0
        x, y = x[keep], y[keep]
    return x, y


def as_csv(drawn: tuple[Curve, ...]) -> str:
    """One row a step, one column a curve; cells of steps that a curve lacks are empty."""
    steps = np.unique(np.concatenate([curve.x for curve in drawn])) if drawn else np.empty(0)
    table: list[list[Any]] = []
    for curve in drawn:
        held: dict[float, float] = dict(zip(curve.x.tolist(), curve.y.tolist(), strict=True))
        table.append([repr(held[step]) if step in held else "" for step in steps.tolist()])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["step", *[curve.name for curve in drawn]])
    for at, step in enumerate(steps.tolist()):
        writer.writerow([int(step), *[column[at] for column in table]])
    return text.getvalue()


def sketch_curves(recording: Recording, what: str, differs: Mapping[int, str] | None = None) -> tuple[Curve, ...]:
    """A number of each parameter ("grad_norm" or "ratio") over the steps that were looked at, of every run."""
    found = []
    several = len(recording.runs) > 1
    for run in recording.runs:
        labels: dict[str, str] = {}
        held: dict[str, list[tuple[int, float]]] = {}
        for sketch in recording.sketches.of(run.number):
            for spot in sketch.spots:
                if spot.grad is None if what == "grad_norm" else math.isnan(spot.ratio):
                    continue  # nobody knows
                labels[spot.id] = spot.label
                held.setdefault(spot.id, []).append((sketch.step, getattr(spot, what)))
        for key, label in labels.items():
            x, y = np.array(held[key], dtype=np.float64).T
            bad = next((step for step, number in held[key] if what == "grad_norm" and not np.isfinite(number)), 0)
            name = f"{label} · {(differs or {}).get(run.number, run.name)}" if several else label
            if np.isfinite(y).any():
                found.append(Curve(run.number, label, name, x, y, bad))
    return tuple(found)
