"""``guigrad bench``: what this program promises about speed, measured in one run against the thing it is compared with.

A ratio is the median of paired rounds: both sides run in turn, so a machine that slows down slows both.
"""

from __future__ import annotations

import gc
import importlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct

from guigrad.document.diff import Diff
from guigrad.document.model import Document, Eval, In, Item, Node, View

PARTS = ("startup", "document", "engine", "train", "landscape", "canvas")


class Row(Struct, frozen=True):
    """One measured figure: ``value`` in ``unit`` with the spread around it, and the most it may be; ``most`` is the most that ``high`` may be.

    ``clock`` is what the clock on the wall showed where ``value`` is the time that was worked.
    """

    part: str
    what: str
    value: float
    low: float
    high: float
    goal: float | None
    unit: str = "×"
    most: float | None = None
    clock: float | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the goal is kept; None where there is none."""
        return None if self.goal is None else self.value <= self.goal and (self.most is None or self.high <= self.most)


class Pair(Struct, frozen=True):
    """Two ways to the same result, and how many times the second may take the first."""

    what: str
    baseline: Callable[[], object]
    ours: Callable[[], object]
    goal: float | None
    rounds: int = 60


def main(part: str | None = None, quick: bool = False) -> int:
    """Measures one part or all and prints a row as soon as it is known; exit status 1 if a goal was missed."""
    missed = 0
    for name in PARTS if part is None else (part,):
        for row in measure(name, quick):
            missed += row.reached is False
            print(line(row), flush=True)
    print(f"{missed} goals missed" if missed else "every goal reached")
    return 1 if missed else 0


def measure(part: str, quick: bool = False) -> Iterator[Row]:
    """The rows of one part."""
    match part:
        case "startup":
            yield from _startup(3 if quick else 9)
        case "document":
            yield from _document(1_000 if quick else 10_000)
        case "engine":
            engine = importlib.import_module("guigrad.engine.bench")  # by name: this room knows no torch
            for pair in engine.pairs(quick):
                yield paired(Pair(*pair), quick)
        case "train":
            lessons = importlib.import_module("guigrad.engine.bench_train")
            for pair in lessons.pairs(quick):
                yield paired(Pair(*pair), quick, "train")
            from guigrad.ui import bench_window

            for row in bench_window.rows(quick):
                yield Row("train", *row)
        case "landscape":
            surfaces = importlib.import_module("guigrad.engine.bench_landscape")
            for pair in surfaces.pairs(quick):
                yield paired(Pair(*pair), quick, "landscape")
        case "canvas":
            from guigrad.ui.canvas import bench

            for row in bench.rows(quick):
                yield Row("canvas", *row)


def line(row: Row) -> str:
    """A row as one line of the table."""
    spread = f"{_figure(row.low)}–{_figure(row.high)}"
    goal = "" if row.goal is None else f"goal ≤ {_figure(row.goal)} {row.unit}"
    if row.most is not None:
        goal += f" (p99 ≤ {_figure(row.most)})"
    mark = {True: "ok", False: "MISSED", None: ""}[row.reached]
    if row.clock is not None:
        mark = f"{mark:<6} by the clock {_figure(row.clock)}"
    return (
        f"{row.part:<9} {row.what:<66} {_figure(row.value):>7} {row.unit:<3} {spread:>15}  {goal:<30} {mark}".rstrip()
    )


def paired(pair: Pair, quick: bool = False, part: str = "engine") -> Row:
    """How many times the baseline the other side takes: median and quartiles of the rounds' ratios."""
    rounds = max(5, pair.rounds // 6) if quick else pair.rounds
    for _ in range(3):
        pair.baseline()
        pair.ours()
    ratios: list[float] = []
    gc.collect()
    gc.disable()
    try:
        for turn in range(rounds):
            if turn % 2:  # who goes first changes, so that neither always finds the caches warm
                ours = seconds(pair.ours)
                baseline = seconds(pair.baseline)
            else:
                baseline = seconds(pair.baseline)
                ours = seconds(pair.ours)
            ratios.append(ours / baseline)
    finally:
        gc.enable()
    return _row(part, pair.what, ratios, pair.goal)


def seconds(function: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _row(part: str, what: str, values: Sequence[float], goal: float | None, unit: str = "×") -> Row:
    if len(values) < 2:
        return Row(part, what, values[0], values[0], values[0], goal, unit)
    low, middle, high = statistics.quantiles(values, n=4)
    return Row(part, what, middle, low, high, goal, unit)


def _figure(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _startup(rounds: int) -> Iterator[Row]:
    code = "import time; a = time.perf_counter(); import guigrad; print(time.perf_counter() - a)"
    command = [sys.executable, "-c", code]
    folder = Path(__file__).resolve().parent.parent
    times = [float(subprocess.check_output(command, cwd=folder, text=True)) * 1000 for _ in range(rounds)]
    yield _row("startup", "import guigrad", times, 50, "ms")

    from guigrad.ops.search import search

    typed = (
        "s",
        "so",
        "sof",
        "sofm",
        "sofmax",
        "sum dim",
        "corss entropy",
        "mean dim keepdim",
        "zzzzzzzzzz",
        "cross ent",
    )
    search(typed[0])  # the rows are read once
    queries = [seconds(partial(search, text, 40)) * 1000 for text in typed for _ in range(rounds)]
    yield _row("startup", "search the ops while typing", queries, 5, "ms")


def _document(count: int) -> Iterator[Row]:
    from guigrad.document import file
    from guigrad.document.store import Store

    document = large_document(count)
    size = f"{count:,} nodes, {count * 3 // 2:,} wires"
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "large.guigrad")
        saving = [seconds(lambda: file.save(document, path)) for _ in range(5)]
        loading = [seconds(lambda: file.read(Path(path).read_bytes())) for _ in range(5)]
    yield _row("document", f"save {size}", saving, 1, "s")
    yield _row("document", f"load {size}", loading, 1, "s")

    store = Store(document)
    keys = list(document.nodes)

    def move(key: str) -> None:
        view = store.document.views[key]
        store.commit(Diff(label="Move", views={key: (view, View(view.x + 1, view.y))}))

    def change(key: str) -> None:
        node = store.document.nodes[key]
        after = Node(node.id, node.op, (*node.args[:1], 2.5), node.kwargs, node.name)
        store.commit(Diff(label="Change", nodes={key: (node, after)}))

    moves = [seconds(partial(move, key)) * 1000 for key in keys[:: max(1, count // 100)]]
    yield _row("document", f"commit a move, {size}", moves, 5, "ms")
    changes = [seconds(partial(change, key)) * 1000 for key in keys[1 :: max(1, count // 100)]]
    yield _row("document", f"commit a changed parameter, {size}", changes, 5, "ms")
    undone = [seconds(store.undo) * 1000 for _ in moves]
    yield _row("document", f"undo, {size}", undone, 5, "ms")


def large_document(count: int) -> Document:
    """A chain of ``count`` ops of which every second also reads an earlier one: 1.5 wires a node."""
    nodes = {"n0": Node("n0", "torch.ones", (3,), (("requires_grad", True),), "n0")}
    for index in range(1, count):
        other = In(f"n{index // 2}") if index % 2 else 1.5
        key = f"n{index}"
        nodes[key] = Node(key, "operator.add" if index % 3 else "operator.mul", (In(f"n{index - 1}"), other), (), key)
    program: tuple[Item, ...] = tuple(Eval(key) for key in nodes)
    views = {key: View(200.0 * (index % 100), 120.0 * (index // 100)) for index, key in enumerate(nodes)}
    return Document(nodes=nodes, program=program, views=views)
