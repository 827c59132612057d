"""Which two dimensions of a tensor are looked at, and where the others stand. No widgets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from guigrad.run.tensor import Spread

Array = np.ndarray[Any, Any]
NO_SPREAD = Spread()
COLOURS = (3, 4)
"""Entries of a dimension that can be red, green, blue (and opacity)."""


@dataclass(frozen=True)
class Cut:
    """Two dimensions, -1 for none, and the fixed index of each other one."""

    rows: int
    columns: int
    index: tuple[int, ...]

    @property
    def fixed(self) -> list[int]:
        """The dimensions that stand still."""
        return [dim for dim in range(len(self.index)) if dim not in (self.rows, self.columns)]

    def at(self, dim: int, place: int) -> Cut:
        """Another index of a dimension that stands still."""
        return replace(self, index=(*self.index[:dim], place, *self.index[dim + 1 :]))

    def swapped(self, rows: int, columns: int) -> Cut:
        """Other dimensions across and down."""
        return replace(self, rows=rows, columns=columns)


def first_cut(shape: tuple[int, ...]) -> Cut:
    """The last two dimensions, of all others the first entry."""
    ndim = len(shape)
    return Cut(ndim - 2 if ndim > 1 else -1, ndim - 1, (0,) * ndim)


@dataclass(frozen=True, eq=False)
class Shown:
    """What the pictures of a tensor draw.

    ``values``: what was sent, every ``steps``-th entry of a tensor of ``shape``. ``limit`` is the magnitude that gets the full colour, ``odd`` the row-major places of
    NaN and infinities. ``scale`` is "value" or "grad"; ``faded``: it is not of now.
    """

    values: Array
    shape: tuple[int, ...]
    cut: Cut
    steps: tuple[int, ...] = ()
    scale: str = "value"
    limit: float = 0.0
    spread: Spread = NO_SPREAD
    odd: tuple[int, ...] = ()
    faded: bool = False

    @property
    def grid(self) -> Array:
        """The two dimensions. Shapes: [rows, columns], a view"""
        return grid_of(self.values, self.cut)

    def place(self, row: int, column: int) -> tuple[int, ...]:
        """The index in the whole tensor of a cell of the grid."""
        found = list(self.cut.index)
        if self.cut.rows >= 0:
            found[self.cut.rows] = row
        if self.cut.columns >= 0:
            found[self.cut.columns] = column
        steps = self.steps or (1,) * len(found)
        return tuple(int(i) * step for i, step in zip(found, steps, strict=True))

    def cell(self, flat: int) -> tuple[int, int] | None:
        """The cell of the grid where a row-major place of the whole tensor lies, or to which it is next; None if it is in another slice."""
        if not self.shape:
            return (0, 0)
        steps = self.steps or (1,) * len(self.shape)
        place = [int(i) // step for i, step in zip(np.unravel_index(flat, self.shape), steps, strict=True)]
        if any(place[dim] != self.cut.index[dim] for dim in self.cut.fixed):
            return None
        return (
            place[self.cut.rows] if self.cut.rows >= 0 else 0,
            place[self.cut.columns] if self.cut.columns >= 0 else 0,
        )


def grid_of(values: Array, cut: Cut) -> Array:
    """Shapes: any -> [rows, columns], a view."""
    if not values.ndim:
        return values.reshape(1, 1)
    taken = values[
        tuple(slice(None) if dim in (cut.rows, cut.columns) else cut.index[dim] for dim in range(values.ndim))
    ]
    if cut.rows < 0:
        return taken[None, :]
    return taken if cut.rows < cut.columns else taken.T


def tiles_of(shown: Shown, count: int) -> tuple[int, int, list[Array]]:
    """Slices along the last dimension that stands still: (which dimension, the first's index, the slices); they go on from where it stands."""
    fixed = shown.cut.fixed
    if not fixed:
        return -1, 0, [shown.grid]
    dim = fixed[-1]
    size = shown.values.shape[dim]
    start = shown.cut.index[dim] // count * count
    places = range(start, min(start + count, size))
    return dim, start, [grid_of(shown.values, shown.cut.at(dim, place)) for place in places]


def picture_of(shown: Shown) -> tuple[Array, str]:
    """Grey or coloured pixels, and how they were found. Shapes: [h, w] or [h, w, 3 or 4], a view"""
    values, cut = shown.values, shown.cut
    if values.ndim >= 3 and not np.iscomplexobj(values):
        lead = cut.index[: values.ndim - 3]
        last = values[lead]
        sizes = f"{last.shape[0]}×{last.shape[1]}×{last.shape[2]}"
        if last.shape[2] in COLOURS:
            return last, f"H×W×C {sizes}"
        if last.shape[0] in COLOURS:
            return np.moveaxis(last, 0, 2), f"C×H×W {sizes}"
    return shown.grid, "one channel"


def pixels(array: Array, low: float, high: float) -> tuple[Array, str]:
    """Bytes of an image, and which numbers are black and white. Shapes: uint8, as ``array``"""
    if array.dtype == np.uint8:
        return array, "0 … 255"
    numbers = np.abs(array) if np.iscomplexobj(array) else array
    wide: Array = numbers.astype(np.float32 if numbers.dtype.kind == "f" and numbers.dtype.itemsize < 8 else np.float64)
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    top = max(abs(low), abs(high), 1e-300)
    scaled = (wide / top - low / top) / max(high / top - low / top, 1e-30) * 255.0
    found: Array = np.clip(np.nan_to_num(scaled, nan=0.0, posinf=255.0, neginf=0.0), 0, 255).astype(np.uint8)
    return found, f"{low:.4g} … {high:.4g}"


def lines_of(shown: Shown, count: int) -> list[tuple[int, Array]]:
    """(row, its numbers) of the first rows, from the row that is chosen on."""
    grid = shown.grid
    return [
        (row, np.abs(grid[row]) if np.iscomplexobj(grid) else grid[row]) for row in range(min(count, grid.shape[0]))
    ]


def envelope(line: Array, width: int) -> tuple[Array, Array, Array]:
    """(place, smallest, largest) of each stretch of a line, so that it has no more than ``width`` of them; NaN only where all are NaN."""
    size = len(line)
    step = max(1, -(-size // max(width, 1)))
    starts = np.arange(0, size, step)
    numbers = line.astype(np.float64) if line.dtype.kind != "f" else line
    if step == 1:
        return starts, numbers, numbers
    return starts, np.fmin.reduceat(numbers, starts), np.fmax.reduceat(numbers, starts)
