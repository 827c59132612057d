"""How fast the canvas is, for ``guigrad bench canvas``: real faces with values and gradients, 1.5 wires a node, forced repaints.

The goals are for two cores without a GPU, 1600 × 1000 px. A frame is the gesture's own event and the whole repaint. What is held against
a goal is the time that this process works on it, which other programs on the machine do not lengthen; what the clock showed is told beside it.
"""

from __future__ import annotations

import gc
import os
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from guigrad.document.array import ArrayData
from guigrad.document.diff import Diff
from guigrad.document.model import Document, Eval, In, Node, View
from guigrad.document.store import Store
from guigrad.run.frame import Frame, Record
from guigrad.ui.canvas.edits import EditIntents
from guigrad.ui.canvas.view import CanvasView

Array = np.ndarray[Any, Any]


class Row(NamedTuple):
    """One figure: its median, first quartile and 99th percentile; ``most`` is what the percentile may be, ``clock`` the median by the clock."""

    what: str
    value: float
    low: float
    high: float
    goal: float | None
    unit: str = "ms"
    most: float | None = None
    clock: float | None = None


Times = tuple[list[float], list[float]]
"""Seconds of work, and seconds by the clock."""

SIZE = (1600, 1000)
STEP = (240.0, 176.0)
GOALS = {
    100: (5, 8, 6, 8, 0.1, None),
    1_000: (6, 12, 6, 10, 0.2, None),
    10_000: (8, 14, 8, 12, 1.0, 60),
    50_000: (16, 20, 33, 16, 5.0, None),
}
"""nodes: ms at zoom 1, at 0.5, fit all, faces updated; opening in s; MB above the empty window."""
_OPS = (
    "torch.nn.functional.relu", "operator.add", "operator.mul", "torch.matmul", "torch.exp", "torch.sum", "torch.tanh",
    "torch.nn.functional.mse_loss", "operator.sub",
)  # fmt: skip
_SHAPES = ((5,), (), (3, 4), (8,), (2, 3), (16, 16), ())


class Held:
    """The smallest holder of a document."""

    def __init__(self, document: Document) -> None:
        self.store = Store(document)

    @property
    def document(self) -> Document:
        """The document as it is."""
        return self.store.document

    def edit(self, edit: Diff) -> bool:
        """Makes a change."""
        return self.store.commit(edit)


def rows(quick: bool = False) -> Iterator[Row]:
    """Every figure as soon as it is known."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QApplication.instance() or QApplication([])
    assert app is not None
    warm = Canvas(graph(100))  # fonts, the op table, the window's own buffers: what a window has once it is there
    warm.view.set_frame(frame(graph(100), 0))
    warm.settle(0.0, 0.0, 1.0)
    warm.close()
    for count in (100, 1_000) if quick else GOALS:
        yield from _rows(count, 40 if quick else 120)
    from guigrad.ui.canvas import bench_mirror  # a cycle otherwise: it measures with what is here

    yield from bench_mirror.rows(40 if quick else 120)


def _rows(count: int, frames: int) -> Iterator[Row]:
    near, half, fit, update, opening, memory = GOALS[count]
    document = graph(count)
    first = frame(document, 0)
    gc.collect()
    before = _megabytes()
    start, worked = perf_counter(), process_time()
    canvas = Canvas(document)
    canvas.view.set_frame(first)
    canvas.view.repaint()
    worked, opened = process_time() - worked, perf_counter() - start
    grown = _megabytes() - before
    name = f"{count:,} nodes"
    yield Row(f"{name}: opening", worked, worked, worked, opening, "s", clock=opened)
    for what, times, goal in canvas.gestures(frames, near, half, fit):
        yield milliseconds(f"{name}: {what}", times, goal)
    yield milliseconds(f"{name}: visible faces updated", canvas.updates(document, frames // 2), update)
    yield milliseconds(f"{name}: hit test", canvas.hits(frames), 1, 10)
    edit = 5 if count <= 10_000 else None
    for what, times in canvas.edits(frames // 2):
        yield milliseconds(f"{name}: {what}, committed and repainted", times, edit)
    yield milliseconds(f"{name}: select all", canvas.select_all(frames // 4), max(half, fit))
    if count >= 1_000:
        yield milliseconds(
            f"{name}: undo of a deletion of 1,000 nodes",
            canvas.undo_deletion(1_000, 5),
            200 if count <= 10_000 else None,
        )
    yield Row(f"{name}: memory above the empty window", grown, grown, grown, memory, "MB")
    canvas.close()


def milliseconds(what: str, times: Times, goal: float | None, most: float | None = None) -> Row:
    """A figure of many times. Units: times in s"""
    ordered, clock = sorted(times[0]), statistics.median(times[1])
    worst = ordered[min(len(ordered) - 1, round(len(ordered) * 0.99))] * 1000
    limit = most if most is not None else goal and 2 * goal
    low = ordered[len(ordered) // 4] * 1000
    return Row(what, statistics.median(ordered) * 1000, low, worst, goal, "ms", limit, clock * 1000)


class Canvas:
    """A shown canvas that is driven by events and repainted at once."""

    def __init__(self, document: Document) -> None:
        held = Held(document)
        self.store = held.store
        self.intents = EditIntents(held)
        self.view = CanvasView(self.intents)
        self._stop = self.store.listen(self.view.apply)
        self.view.resize(*SIZE)
        self.view.show()
        QApplication.processEvents()  # a window is painted only once it is exposed
        self.view.repaint()

    def close(self) -> None:
        """Ends it."""
        self._stop()
        self.view.close()
        self.view.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def timed(
        self,
        act: Callable[[int], object],
        count: int,
        between: Callable[[int], object] | None = None,
        whole: bool = True,
    ) -> Times:
        """Each act with its repaint, of the ``whole`` canvas or of what the act asked for; what is done ``between`` is not counted."""
        work, clock = [], []
        gc.collect()
        gc.disable()
        for index in range(count):
            start, worked = perf_counter(), process_time()
            act(index)
            if whole:
                self.view.repaint()
            else:  # as the window's own loop does
                QApplication.sendPostedEvents(self.view, QEvent.Type.UpdateRequest)
            work.append(process_time() - worked)
            clock.append(perf_counter() - start)
            if between is not None:
                between(index)
        gc.enable()
        return work, clock

    def settle(self, x: float, y: float, scale: float) -> None:
        """Looks at a point of the canvas and waits for everything to be drawn well."""
        self.view.set_viewport(self.view.viewport.centred(x, y, scale))
        for _ in range(60):
            self.view.repaint()
            if not self.view.painter.pending:
                break

    def gestures(self, frames: int, near: float, half: float, fit: float) -> Iterator[tuple[str, Times, float | None]]:
        """Pan, zoom and drag at zoom 1, 0.5 and just above the text threshold; pan and zoom of the whole graph."""
        view = self.view
        rect = view.scene.bounds()
        assert rect is not None
        x, y = (rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2
        for scale, goal in ((1.0, near), (0.5, half), (0.46, half)):
            self.settle(x, y, scale)
            yield f"pan at {scale:g}", self.timed(lambda i: self.pan(12, 5), frames), goal
            self.settle(x, y, scale)
            yield f"drag a node at {scale:g}", self.timed(self._drag(x, y), frames), goal
            self.settle(x, y, scale)
            zoom = self.timed(lambda i: view.zoom_by(1.03 if i // 8 % 2 else 1 / 1.03, QPointF(800, 500)), frames)
            yield f"zoom at {scale:g}", zoom, goal
        view.fit_all()
        self.settle(x, y, view.viewport.scale)
        yield "pan, fit all", self.timed(lambda i: self.pan(3 if i % 2 else -3, 2), frames), fit
        zoom = self.timed(lambda i: view.zoom_by(1.05 if i % 2 else 1 / 1.05, QPointF(800, 500)), frames)
        yield "zoom, fit all", zoom, fit

    def updates(self, document: Document, count: int) -> Times:
        """A new frame for all nodes, with at most about 200 faces in view."""
        view = self.view
        rect = view.scene.bounds()
        assert rect is not None
        self.settle((rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2, 0.5)
        base = frame(document, 0)
        frames = [frame(document, index, self._visible(), base) for index in range(1, 5)]
        for made in frames:
            view.set_frame(made)
            view.repaint()
        return self.timed(lambda i: view.set_frame(frames[i % 4]), count)

    def hits(self, count: int) -> Times:
        """The node, port and wire under the pointer."""
        scene = self.view.scene
        rect = scene.bounds()
        assert rect is not None
        points = np.random.default_rng(1).uniform(rect[:2], rect[2:], (count, 2)).tolist()
        found = []
        for px, py in points:
            start = process_time()
            scene.node_at(px, py)
            scene.port_at(px, py)
            scene.wires.at(px, py, 6.0)
            found.append(process_time() - start)
        return found, found

    def edits(self, count: int) -> Iterator[tuple[str, Times]]:
        """What a hand does most: the edit made, committed, taken over by the columns, and painted."""
        rect = self.view.scene.bounds()
        assert rect is not None
        self.settle((rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2, 1.0)
        rows, scene, store = self._visible().tolist(), self.view.scene, self.store
        key = scene.ids[rows[0]]
        place = store.document.views[key]

        fresh = self.view.scene.faces.frame
        store.document.consumers  # noqa: B018  # what code pane and checks have asked of an open document

        def again(index: int) -> None:
            self.view.set_frame(fresh)  # as the run that follows an edit
            self.view.repaint()

        def undo(index: int) -> None:
            store.undo()
            again(index)

        def move(index: int) -> None:
            before = store.document.views[key]
            store.commit(Diff(label="Move", views={key: (before, View(place.x + index % 5, place.y))}))

        again(0)
        yield "a move", self.timed(move, count, whole=False)
        yield "a deletion", self.timed(lambda i: self.intents.remove([key]), count, undo, whole=False)
        table = scene.wires
        wire = next(w for row in rows for w in scene.into[row])
        target, path = scene.ids[table.target[wire]], table.paths[wire]
        source, output = scene.ids[table.source[wire]], int(table.output[wire])
        yield "a cut wire", self.timed(lambda i: self.intents.disconnect([(target, path)]), count, undo, whole=False)
        self.intents.disconnect([(target, path)])
        again(0)
        join = self.timed(lambda i: self.intents.connect(source, output, target, path), count, undo, whole=False)
        yield "a new wire", join
        store.undo()
        leaf = next(iter(store.document.nodes))  # what most of the graph depends on
        change = self.timed(lambda i: self.intents.set_argument(leaf, "size", f"({i + 6},)"), count, again, False)
        yield "a changed value", change
        free, _ = self.intents.add_node("torch.exp", (rect[0], rect[1] - 400))
        again(0)
        spot = (place.x + 60.0, place.y + 40.0)
        insert = self.timed(lambda i: self.intents.insert_on_wire(free, target, path, spot), count, undo, whole=False)
        yield "a node dropped on a wire", insert
        store.undo()

    def select_all(self, count: int) -> Times:
        """Everything selected, the whole graph in view."""
        self.view.fit_all()
        everything = tuple(self.view.scene.row)
        return self.timed(lambda i: self.view.select(everything), count, lambda i: self.view.select(()))

    def undo_deletion(self, many: int, count: int) -> Times:
        """Many nodes come back, the whole graph in view."""
        keys = list(self.view.scene.row)[-many:]

        def delete(index: int) -> None:
            self.intents.remove(keys)
            self.view.repaint()

        delete(0)
        times = self.timed(lambda i: self.store.undo(), count, delete)
        self.store.undo()
        return times

    def _visible(self) -> Array:
        return self.view.scene.visible(self.view.viewport.world)

    def pan(self, dx: float, dy: float) -> None:
        """Drags the canvas by so many px."""
        self.view.set_viewport(self.view.viewport.moved(dx, dy), moving=True)

    def _drag(self, x: float, y: float) -> Callable[[int], None]:
        scene, view = self.view.scene, self.view
        rows = self._visible()
        near = rows[np.argmin((scene.x[rows] - x) ** 2 + (scene.y[rows] - y) ** 2)]
        sx, sy = view.viewport.to_screen(float(scene.x[near]) + 60, float(scene.y[near]) + 12)
        start = QPointF(sx, sy)
        self._mouse(QEvent.Type.MouseButtonPress, start, Qt.MouseButton.LeftButton)

        def step(index: int) -> None:
            self._mouse(QEvent.Type.MouseMove, start + QPointF(index % 40 + 5, index % 30), Qt.MouseButton.NoButton)

        return step

    def _mouse(self, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton) -> None:
        held = Qt.MouseButton.LeftButton
        event = QMouseEvent(kind, at, self.view.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.view, event)


def graph(count: int, seed: int = 7) -> Document:
    """A layered graph with about 1.5 wires a node: most from the layer before, every tenth from further back."""
    rng = np.random.default_rng(seed)
    high = max(1, round(count**0.5))
    nodes: dict[str, Node] = {}
    views: dict[str, View] = {}
    for index in range(count):
        layer, row = divmod(index, high)
        key = f"n{index}"
        op = _OPS[index % len(_OPS)]

        def source(layer: int = layer, row: int = row) -> In:
            back = 1 if rng.random() < 0.9 else int(rng.integers(2, 9))
            spread = 3 if back == 1 else 20
            where = max(0, layer - back) * high + int(np.clip(row + rng.integers(-spread, spread + 1), 0, high - 1))
            return In(f"n{where}")

        if layer == 0:
            nodes[key] = Node(key, "torch.randn", (5,), (("requires_grad", True),), key)
        elif op.startswith("operator.") or op in ("torch.matmul", "torch.nn.functional.mse_loss"):
            nodes[key] = Node(key, op, (source(), source()), (), key)
        else:
            nodes[key] = Node(key, op, (source(),), (), key)
        views[key] = View(
            round(layer * STEP[0] + rng.uniform(-12, 12)), round(row * STEP[1] + rng.uniform(-8, 8)), False
        )
    return Document(nodes=nodes, program=tuple(Eval(key) for key in nodes), views=views)


def frame(document: Document, seed: int, only: Array | None = None, base: Frame | None = None) -> Frame:
    """Random values and gradients for every node; for all but ``only`` those of ``base``, as an engine's frames keep what did not change."""
    fresh = np.random.default_rng(seed)
    chosen = None if only is None or base is None else set(only.tolist())
    records: dict[str, Record] = {}
    contributions: dict[tuple[str, str, str], ArrayData] = {}
    for index, (key, node) in enumerate(document.nodes.items()):
        ports = [(wire.node or "", key, port) for port, wire in zip(("self", "other"), node.inputs(), strict=False)]
        if base is not None and chosen is not None and index not in chosen:
            records[key] = base.records[key]
            contributions.update((port, base.contributions[port]) for port in ports)
            continue
        shape = _SHAPES[index % len(_SHAPES)]
        value, grad = (_data(fresh.standard_normal(shape).astype(np.float32)) for _ in range(2))
        leaf = node.op == "torch.randn"
        records[key] = Record(
            key, key, node.op, "fresh", "Tensor", value, grad if index % 3 else None, None if index % 3 else grad,
            None if leaf else "SomeBackward0", leaf, True, not leaf and index % 3 != 0, shape, "float32", "cpu", 0,
        )  # fmt: skip
        contributions.update(dict.fromkeys(ports, grad))
    return Frame(records=records, labels={key: key for key in records}, contributions=contributions)


def _data(array: Array) -> ArrayData:
    strides = tuple(step // array.itemsize for step in np.asarray(array).strides)
    return ArrayData(str(array.dtype), array.shape, strides, array.tobytes())


def _megabytes() -> float:
    """Resident memory now; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    except OSError:
        return 0.0
