"""What J costs, how many paths there are and what their sum is, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from guigrad.run.derivative import Matrix, Paths

Array = np.ndarray[Any, Any]


def names(mode: str, wrt: str) -> tuple[str, str, str]:
    """What is written under v, J and their product."""
    if mode == "reverse":
        return "v", "J", f"vᵀJ, as {wrt}.grad"
    return ("v", "J", "J v") if mode == "forward" else ("v", "H", "H v")


def cost(matrix: Matrix, grid: Array, of: str, wrt: str, mode: str, passes: int = -1) -> str:
    """What J costs in either mode, and what is shown of it."""
    m, n = matrix.full
    if mode == "hessian":
        text = (
            f"Hessian of {of} by {wrt}: {m:,} × {n:,}, {n:,} passes of forward over reverse mode; one for a product H v"
        )
    else:
        cheaper = "as much as" if m == n else "less than" if m < n else "more than"
        text = f"J of {of} by {wrt}: {m:,} × {n:,} · reverse mode {_passes(m)} (a row each), {cheaper} forward mode {_passes(n)} (a column each)"
    if matrix.sampled:
        text += f" · sampled: {len(matrix.rows):,} of {m:,} rows, {len(matrix.columns):,} of {n:,} columns"
    zeros = int((grid == 0).sum())
    if grid.size > 1 and zeros:
        text += f" · {zeros:,} of {grid.size:,} entries zero"
    if passes >= 0:
        text += f" · {_passes(passes)} so far"
    if matrix.again:
        text += " · the graph was freed by a backward: the ops between ran once more on the same values"
    return text


def _passes(number: int) -> str:
    return f"{number:,} {'pass' if number == 1 else 'passes'}"


def head(paths: Paths, of: str, wrt: str) -> str:
    """How many paths there are, and what their sum is."""
    if paths.problems:
        return ""
    if not paths.count:
        cut = f" ({', '.join(paths.cut[:4])} lets no gradient through)" if paths.cut else ""
        return f"No gradient comes from {of} to {wrt}{cut}."
    number = f"{paths.count:,}" if paths.count < 10**15 else f"{paths.count:.3e} (exactly {paths.count})"
    text = f"{number} path{'s' if paths.count != 1 else ''} from {wrt} to {of}"
    if not paths.whole:
        text += f", the {len(paths.paths)} largest shown"
    if len(paths.rows) < paths.full[0]:
        text += f" · {len(paths.rows)} of {paths.full[0]:,} entries of {of} looked at"
    sum_ = ""
    if paths.total is not None and paths.total.size == 1:
        sum_ = f" {paths.total.numpy().reshape(-1)[0]:.6g}"
    sign = "✓ equals" if paths.agrees else "✗ differs from"
    goal = f"d {of} / d {wrt}" if paths.full[0] == 1 else f"J of {of} by {wrt}"
    return f"{text} · their sum{sum_} {sign} torch's {goal}, largest difference {paths.difference:.2g}"


def factor(number: float, scalar: bool) -> str:
    return f"{number:.4g}" if scalar else f"‖{number:.3g}‖"
