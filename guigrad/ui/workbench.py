"""Asks the engine what the Jacobian panel shows: which two nodes, which v, which mode; answers come when they come, the latest wins.

Note [v in place]
A v that is typed, dragged or taken from a node is asked about first and becomes the panel's v when torch has taken it; until then, and when it
refuses, everything stays as it was and its words are shown. Nothing here is computed in the window: each number is the engine's.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec import Struct
from PySide6.QtCore import QTimer

from guigrad.document.array import NUMPY, ArrayData
from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.document.problem import Problem
from guigrad.run.derivative import AskMatrix, AskProduct, Matrix, Product
from guigrad.run.frame import Record
from guigrad.run.request import Gradient, Reply
from guigrad.ui.ends import Ends
from guigrad.ui.evidence import Evidence
from guigrad.ui.panels.jacobian import AUTO, JacobianPanel
from guigrad.ui.widgets.literal import LiteralTextError, read_tensor
from guigrad.ui.widgets.product_view import Shown

if TYPE_CHECKING:
    from guigrad.document.model import Value
    from guigrad.ui.main_window import MainWindow

LATE_MS: Final = 30
BUSY_MS: Final = 400
"""How long an answer takes before Cancel is offered."""
FILL_MS: Final = (16, 260, 4000)
"""Shortest and longest pause between two passes of a fill, and how long all of them take together."""
STEPS: Final = 60
"""Steps of a fill at most: of a large J several rows come at once."""
Array = np.ndarray[Any, Any]


class _Used(Struct, frozen=True):
    """The v that Backward starts with."""

    root: str
    gradient: ArrayData | str


class Workbench:
    """Thread: the GUI thread. ``upstream`` is what Backward starts with, () for torch's own 1."""

    def __init__(self, window: MainWindow) -> None:
        self.window, self.session = window, window.session
        self.panel: JacobianPanel = window.tabs.panels["jacobian"]
        self.of = self.wrt = AUTO
        self.mode = "reverse"
        self.source = "ones"
        self.vector: Array | None = None
        self.result: Array | None = None
        self.matrix: Matrix | None = None
        self.grid: Array | None = None
        self.there: Array | None = None
        self.structure = False
        self.used: _Used | None = None
        self.ends = Ends(window)
        self._pair = ("", "")
        self._of = self._wrt = Record("", "", "")
        self._candidate: Array | None = None
        self._filling = -1
        self._before: tuple[str, Array | None] = ("ones", None)
        self._waiting = 0
        self._late = self._timer(LATE_MS, self.refresh)
        self._busy = self._timer(BUSY_MS, lambda: self.panel.show_busy(self._waiting > 0))
        self._tick = self._timer(FILL_MS[0], self._fill_on)
        self.evidence = Evidence(window, self)
        panel = self.panel
        panel.shown_changed.connect(self._on_shown)
        panel.page_chosen.connect(lambda _: self.refresh())
        panel.ends_chosen.connect(self.choose)
        panel.mode_chosen.connect(self._on_mode)
        panel.v_typed.connect(self._on_typed)
        panel.v_chosen.connect(self._on_chosen)
        panel.fill_asked.connect(self.fill)
        panel.use_asked.connect(self.use)
        panel.cancel_asked.connect(self.stop)
        panel.structure_asked.connect(self._on_structure)
        panel.fix_chosen.connect(lambda fix: window.session.apply_fix(fix))
        panel.view.entry_changed.connect(self._on_entry)
        session = self.session
        self._stops = [
            session.frame_changed.connect(lambda _: self._late.start()),
            session.document_changed.connect(self._on_document),
            session.selection_changed.connect(lambda _: self._late.start()),
            session.level_changed.connect(lambda _: self._forget()),
        ]

    def _timer(self, pause: int, call: Any) -> QTimer:
        made = QTimer(self.window)
        made.setSingleShot(True)
        made.setInterval(pause)
        made.timeout.connect(call)
        return made

    def close(self) -> None:
        """Stops listening."""
        for timer in (self._late, self._busy, self._tick):
            timer.stop()
        self.evidence.close()
        for stop in self._stops:
            stop()

    # --- what is looked at ---

    def open(self, of: str = AUTO, wrt: str = AUTO, page: str = "J") -> None:
        """Shows the panel for two nodes."""
        self.window.tabs.open(self.window, "jacobian")
        self.panel.open_page(page)
        self.choose(of, wrt)

    def choose(self, of: str, wrt: str) -> None:
        """These two nodes from now on; AUTO follows the selection."""
        self.of, self.wrt = of or AUTO, wrt or AUTO
        self.refresh()

    def label(self, key: str) -> str:
        """How a node is called in questions: its id from the top of the document."""
        return "/".join((*self.session.way, key))

    def refresh(self) -> None:
        """Asks for what the open page shows, if the panel is seen."""
        self._late.stop()
        if not self.panel.isVisible():
            self.evidence.light(())
            return
        of, wrt = self.ends.pair(self.of, self.wrt)
        self.panel.show_ends(self.ends.nodes(), self.of, self.wrt, (self.ends.name(of), self.ends.name(wrt)))
        self.panel.show_mode(self.mode)
        if (of, wrt) != self._pair:
            self._forget()
            self._pair = (of, wrt)
        records = self.session.frame.records if self.session.frame is not None else {}
        if not of or not wrt or of not in records or wrt not in records:
            self._forget()
            text = (
                "Run forward to see J: nothing has been computed yet."
                if not records
                else "No two tensors to choose from yet."
            )
            self.panel.show_product(Shown(), text)
            self.evidence.light(())
            return
        self._of, self._wrt = records[of], records[wrt]
        if self.panel.page == "J":
            self.evidence.light(())
            self._ask_matrix()
            self._ask_v()
        else:
            self.evidence.ask(self.panel.page, of, wrt)

    def _forget(self) -> None:
        self._stop_filling()
        self.matrix = self.grid = self.there = self.vector = self.result = self._candidate = None
        self.source = "ones"
        self._pair = ("", "")
        self._late.start()

    def _on_shown(self, shown: bool) -> None:
        if shown:
            self._late.start()
        else:
            self._stop_filling()
            self.session.cancel("jacobian")
            self.evidence.light(())

    def _on_document(self, document: Document, diff: Diff) -> None:
        if self.used is not None and (
            not diff.label or self.used.root.rpartition("/")[2] not in self.session.whole.nodes
        ):
            self.used = None
        if not diff.label:
            self.of = self.wrt = AUTO
        if diff.only_layout and diff.label:
            return
        keys = document.nodes
        self.of, self.wrt = (key if key.partition("[")[0] in keys else AUTO for key in (self.of, self.wrt))
        self._late.start()

    # --- J ---

    def _ask(self, question: Any, answer: Any, asker: str) -> None:
        self._waiting += 1
        self._busy.start()
        self.session.ask(question, partial(self._came, answer), asker)

    def _came(self, answer: Any, reply: Reply | None) -> None:
        self._waiting = 0
        self._busy.stop()
        self.panel.show_busy(False)
        if reply is None:  # the document is another by now: a frame of it will come
            return
        if reply.problems:
            self.panel.say(reply.problems)
        elif reply.answer is not None:
            answer(reply.answer)

    def stop(self) -> None:
        """Takes the questions back; once more ends a process that does not listen."""
        self._stop_filling()
        for asker in ("jacobian", "product", "paths", "trust"):
            self.session.cancel(asker)
        self.panel.show_busy(self._waiting > 0)
        self.panel.say((Problem("Cancelled. Nothing has changed."),))

    def _ask_matrix(self) -> None:
        self._stop_filling()
        of, wrt = map(self.label, self._pair)
        kind = "hessian" if self.mode == "hessian" else "jacobian"
        self._ask(
            AskMatrix(of, wrt, kind, "forward" if self.mode == "forward" else "reverse"), self._on_matrix, "jacobian"
        )

    def _on_matrix(self, matrix: Matrix) -> None:
        if matrix.values is None:
            self.matrix = self.grid = self.there = None
            self.panel.say(matrix.problems)
            self._draw()
            return
        self.matrix, self.grid = matrix, matrix.values.numpy()
        self.there = None
        self.panel.say(())
        self._draw()

    def _on_mode(self, mode: str) -> None:
        if mode != self.mode:
            self.mode = mode
            self._forget()
            self.refresh()

    def _on_structure(self, on: bool) -> None:
        self.structure = on
        self._draw()

    def fill(self) -> None:
        """J once more, a basis vector after the other: rows by VJP, columns by JVP."""
        if self.matrix is None or self.grid is None or self.mode == "hessian":
            return
        self._before = (self.source, self.vector)
        self.there = np.zeros(self.grid.shape, bool)
        self._filling = 0
        self._fill_on()

    def _fill_on(self) -> None:
        matrix = self.matrix
        if self._filling < 0 or matrix is None:
            return
        places = matrix.rows if self.mode == "reverse" else matrix.columns
        several = len(places) if self.window.canvas.calm else max(1, math.ceil(len(places) / STEPS))
        chosen = tuple(places[self._filling : self._filling + several])
        of, wrt = map(self.label, self._pair)
        rows, columns = (chosen, None) if self.mode == "reverse" else (None, chosen)
        self._ask(AskMatrix(of, wrt, "jacobian", self.mode, rows, columns), self._on_part, "jacobian")

    def _on_part(self, part: Matrix) -> None:
        if self._filling < 0 or self.grid is None or self.there is None or self.matrix is None:
            return
        if part.values is None:
            self._stop_filling()
            self.panel.say(part.problems)
            return
        values, at, rows = part.values.numpy(), self._filling, self.mode == "reverse"
        count = values.shape[0 if rows else 1]
        self.grid = self.grid.copy()
        if rows:
            self.grid[at : at + count] = (
                values[:, list(self.matrix.columns)] if values.shape[1] != self.grid.shape[1] else values
            )
            self.there[at : at + count] = True
        else:
            self.grid[:, at : at + count] = (
                values[list(self.matrix.rows)] if values.shape[0] != self.grid.shape[0] else values
            )
            self.there[:, at : at + count] = True
        last = at + count - 1
        size = self.matrix.full[0 if rows else 1]
        basis = np.zeros(size, self.grid.dtype)
        basis[(self.matrix.rows if rows else self.matrix.columns)[last]] = 1
        self.vector, self.result = basis, self.grid[last] if rows else self.grid[:, last]
        self._filling = at + count
        total = len(self.matrix.rows if rows else self.matrix.columns)
        self._draw(lit=last, passes=self._filling)
        if self._filling < total:
            steps = math.ceil(total / count)
            self._tick.start(max(FILL_MS[0], min(FILL_MS[1], FILL_MS[2] // steps)))
            return
        self._filling, self.there = -1, None
        self.source, self.vector = self._before
        self.result = None
        self._ask_v()

    def _stop_filling(self) -> None:
        if self._filling >= 0:
            self._filling, self.there = -1, None
            self.source, self.vector = self._before
        self._tick.stop()

    # --- v. See Note [v in place] ---

    @property
    def _end(self) -> Record:
        """The node that v belongs to."""
        return self._of if self.mode == "reverse" else self._wrt

    def _ask_v(self) -> None:
        """The product with the v that there is, or with ones."""
        shape = self._end.shape or ()
        if self.source.startswith("node "):
            self._propose(self.source, self.label(self.source[5:]))
        elif self.vector is not None and self.vector.size == math.prod(shape) and self.source != "ones":
            self._propose(self.source, self.vector.reshape(shape))
        else:
            self._propose("ones", np.ones(shape, self._dtype()))

    def _dtype(self) -> str:
        return NUMPY.get(self._end.dtype or "", "<f4")

    def _propose(self, source: str, v: Array | str) -> None:
        kind = {"reverse": "vjp", "forward": "jvp", "hessian": "hvp"}[self.mode]
        self._candidate = None if isinstance(v, str) else v
        of, wrt = map(self.label, self._pair)
        data = v if isinstance(v, str) else _data(v)
        self._ask(AskProduct(of, wrt, data, kind), partial(self._on_product, source), "product")

    def _on_product(self, source: str, product: Product) -> None:
        if product.values is None or product.v is None:
            self._candidate = None
            if self.matrix is not None or product.v is None:
                self.panel.say(product.problems)
                self.panel.v.setProperty("invalid", True)
                self.panel.v.style().polish(self.panel.v)
            return
        self.source, self.vector, self.result = (
            source,
            product.v.numpy().reshape(-1),
            product.values.numpy().reshape(-1),
        )
        self._candidate = None
        self.panel.v.setModified(False)
        if self.matrix is not None:
            self.panel.say(())
        self.panel.v.style().polish(self.panel.v)
        self._follow_used(product.v)
        self._draw()

    def _on_entry(self, place: int, number: Any, merge: str) -> None:
        now = self._candidate if self._candidate is not None else self.vector
        if now is None or self.matrix is None:
            return
        shape = self._end.shape or ()
        kind = np.complex64 if isinstance(number, complex) and now.dtype.kind != "c" else now.dtype
        made = now.reshape(-1).astype(kind)  # a copy
        rows = self.matrix.rows if self.mode == "reverse" else self.matrix.columns
        made[rows[place]] = number
        self._propose("typed", made.reshape(shape))

    def _on_typed(self, text: str) -> None:
        if not self._pair[0]:
            return
        try:
            made = np.array(_lists(read_tensor(text)))
            if made.dtype.kind not in "iufbc":
                raise LiteralTextError("v holds numbers")
        except (LiteralTextError, ValueError, OverflowError) as error:
            self.panel.say((Problem(f"v: {error}", "type"),))
            self.panel.v.setProperty("invalid", True)
            self.panel.v.style().polish(self.panel.v)
            return
        self._propose("typed", made if made.dtype.kind == "c" else made.astype(self._dtype()))

    def _on_chosen(self, source: str) -> None:
        """Ones, a basis vector, or a node's value."""
        shape = self._end.shape or ()
        word, _, rest = source.partition(" ")
        if word == "node":
            self._propose(source, self.label(rest))
            return
        made = np.ones(shape, self._dtype())
        if word == "basis":
            made = np.zeros(math.prod(shape), self._dtype())
            made[int(rest)] = 1
        self._propose(source, made.reshape(shape))

    def use(self) -> None:
        """Backward starts with this v from now on, or as torch does again."""
        root = self.label(self._pair[0])
        if self.used is not None and self.used.root == root:
            self.used = None
        elif self.vector is not None and self.mode == "reverse":
            shape = self._of.shape or ()
            gradient = (
                self.label(self.source[5:]) if self.source.startswith("node ") else _data(self.vector.reshape(shape))
            )
            self.used = _Used(root, gradient)
            self.window.say_status(f"Backward starts from {self.ends.name(self._pair[0])} with this v")
        self._draw()

    def _follow_used(self, v: ArrayData) -> None:
        if self.used is not None and self.used.root == self.label(self._pair[0]) and self.mode == "reverse":
            wired = self.source.startswith("node ")
            self.used = _Used(self.used.root, self.label(self.source[5:]) if wired else v)

    def upstream(self) -> tuple[tuple[str, ...], tuple[Gradient, ...]]:
        """The roots and gradients of the verb Backward."""
        return ((self.used.root,), (self.used.gradient,)) if self.used is not None else ((), ())

    # --- drawing ---

    def _draw(self, lit: int = -1, passes: int = -1) -> None:
        self.panel.show_v(
            _text(self.vector, self._end.shape or ()),
            self.used is not None and self.used.root == self.label(self._pair[0]),
        )
        matrix = self.matrix
        if matrix is None or self.grid is None:
            self.panel.show_product(Shown(), "")
            return
        of, wrt = self.ends.name(self._pair[0]), self.ends.name(self._pair[1])
        reverse = self.mode == "reverse"
        v, result = self.vector, self.result
        rows, columns = list(matrix.rows), list(matrix.columns)
        if v is not None:
            v = v[rows] if reverse else v[columns]
        if result is not None and self._filling < 0:
            result = result[columns] if reverse else result[rows]
        names = {
            "reverse": ("v", "J", f"vᵀJ, as {wrt}.grad"),
            "forward": ("v", "J", "J v"),
            "hessian": ("v", "H", "H v"),
        }
        ends = (of, wrt) if self.mode != "hessian" else (wrt, wrt)
        shown = Shown(
            self.grid, self.there, v, result, reverse, self.structure, names[self.mode], matrix.rows, matrix.columns, matrix.shapes, ends, lit
        )  # fmt: skip
        self.panel.show_product(shown, cost(matrix, self.grid, of, wrt, self.mode, passes))


def cost(matrix: Matrix, grid: Array, of: str, wrt: str, mode: str, passes: int = -1) -> str:
    """What J costs in either mode, and what is shown of it."""
    m, n = matrix.full
    if mode == "hessian":
        text = (
            f"Hessian of {of} by {wrt}: {m:,} × {n:,}, {n:,} passes of forward over reverse mode; one for a product H v"
        )
    else:
        cheaper = "as much as" if m == n else "less than" if m < n else "more than"
        text = f"J of {of} by {wrt}: {m:,} × {n:,} · reverse mode {_count(m, 'pass')} (a row each), {cheaper} forward mode {_count(n, 'pass')} (a column each)"
    if matrix.sampled:
        text += f" · sampled: {len(matrix.rows):,} of {m:,} rows, {len(matrix.columns):,} of {n:,} columns"
    zeros = int((grid == 0).sum())
    if grid.size > 1 and zeros:
        text += f" · {zeros:,} of {grid.size:,} entries zero"
    if passes >= 0:
        text += f" · {_count(passes, 'pass')} so far"
    if matrix.again:
        text += " · the graph was freed by a backward: the ops between ran once more on the same values"
    return text


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'es' if number != 1 else ''}"


def _data(values: Array) -> ArrayData:
    name = next(name for name, code in NUMPY.items() if np.dtype(code) == values.dtype)
    made = np.ascontiguousarray(values)
    strides = tuple(step // made.itemsize for step in made.strides) if values.ndim else ()
    return ArrayData(name, values.shape, strides, made.tobytes())


def _lists(value: Value) -> Any:
    """Nested lists of plain numbers."""
    items = value if isinstance(value, tuple) else getattr(value, "items", None)
    if isinstance(items, tuple):
        return [_lists(item) for item in items]
    if isinstance(value, bool | int | float | complex):
        return value
    raise LiteralTextError("v holds numbers alone")


def _text(vector: Array | None, shape: tuple[int, ...]) -> str:
    if vector is None:
        return ""
    if vector.size > 256:
        return f"{vector.size:,} entries"
    text = np.array2string(
        vector.reshape(shape), separator=", ", floatmode="unique", threshold=300, max_line_width=100_000
    )
    return " ".join(text.split()).replace(". ", ".0 ").replace(".,", ".0,").replace(".]", ".0]")
