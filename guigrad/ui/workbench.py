"""Asks the engine what the Jacobian panel shows: which two nodes, which v, which mode; answers come when they come, the latest wins.

Note [v in place]
A v that is typed, dragged or taken from a node is asked about first and becomes the panel's v when torch has taken it; until then, and when it
refuses, everything stays as it was and its words are shown. Nothing here is computed in the window: each number is the engine's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import QTimer

from guigrad.document.array import ArrayData
from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.document.problem import Problem
from guigrad.run.derivative import AskMatrix, AskProduct, Matrix, Product, Question
from guigrad.run.frame import Record
from guigrad.run.request import Reply
from guigrad.ui.derivative_words import cost, names
from guigrad.ui.ends import Ends
from guigrad.ui.evidence import Evidence
from guigrad.ui.fill import Fill
from guigrad.ui.panels.jacobian import AUTO, JacobianPanel
from guigrad.ui.upstream import Upstream
from guigrad.ui.vectors import bits, dtype_of, read, text_of
from guigrad.ui.widgets.literal import LiteralTextError
from guigrad.ui.widgets.product_view import Shown

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

LATE_MS: Final = 30
BUSY_MS: Final = 400
"""How long an answer takes before Cancel is offered."""
ASKERS: Final = ("jacobian", "product", "paths", "trust")
NOT_RUN: Final = "Run forward to see J: nothing has been computed yet."
NO_PAIR: Final = "No two tensors of floating-point numbers to choose from."
Array = np.ndarray[Any, Any]


class Workbench:
    """Thread: the GUI thread. ``upstream`` is what Backward starts with."""

    def __init__(self, window: MainWindow) -> None:
        self.window, self.session = window, window.session
        self.panel: JacobianPanel = window.tabs.panels["jacobian"]
        self.of = self.wrt = AUTO
        self.mode = "reverse"
        self.source = ""
        self.vector: Array | None = None
        self.result: Array | None = None
        self.matrix: Matrix | None = None
        self.grid: Array | None = None
        self.upstream = Upstream()
        self.ends = Ends(window)
        self._pair = ("", "")
        self._asked: object = None
        self._of = self._wrt = Record("", "", "")
        self._candidate: Array | None = None
        self._waiting: set[str] = set()
        self._late = self._timer(LATE_MS, self.refresh)
        self._busy = self._timer(BUSY_MS, lambda: self.panel.show_busy(bool(self._waiting)))
        self.fill = Fill(
            window, lambda question, answer: self.ask(question, answer, "jacobian"), self._draw, self._no_fill
        )
        self.evidence = Evidence(window, self)
        panel = self.panel
        panel.shown_changed.connect(self._on_shown)
        panel.page_chosen.connect(lambda _: self.refresh())
        panel.ends_chosen.connect(self.choose)
        panel.mode_chosen.connect(self._on_mode)
        panel.v_typed.connect(self._on_typed)
        panel.v_chosen.connect(self._on_chosen)
        panel.fill_asked.connect(self.play)
        panel.step_asked.connect(self.step)
        panel.use_asked.connect(self.use)
        panel.cancel_asked.connect(self.stop)
        panel.structure_asked.connect(lambda _: self._draw())
        panel.fix_chosen.connect(lambda fix: window.session.apply_fix(fix))
        panel.view.entry_changed.connect(self._on_entry)
        session = self.session
        self._stops = [
            session.frame_changed.connect(self._on_frame),
            session.document_changed.connect(self._on_document),
            session.selection_changed.connect(lambda _: self._late.start()),
            session.level_changed.connect(lambda _: self._late.start()),
        ]

    def _timer(self, pause: int, call: Any) -> QTimer:
        made = QTimer(self.window)
        made.setSingleShot(True)
        made.setInterval(pause)
        made.timeout.connect(call)
        return made

    def close(self) -> None:
        """Stops listening."""
        for timer in (self._late, self._busy):
            timer.stop()
        self.fill.stop()
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
            self._draw()
            ran = any(record.state == "fresh" for record in records.values())
            self.panel.show_product(Shown(), NO_PAIR if ran else NOT_RUN)
            self.panel.say(())
            self.evidence.light(())
            return
        self._of, self._wrt = records[of], records[wrt]
        if self.panel.page == "J":
            self.evidence.light(())
        now = (self.moment(), of, wrt, self.mode, self.panel.page)
        if now == self._asked:
            return
        self._asked = now
        if self.panel.page == "J":
            self._ask_matrix()
            self._ask_v()
        else:
            self.evidence.ask(self.panel.page, of, wrt)

    def moment(self) -> object:
        """What tells the values that there are now from those of another time."""
        frame = self.session.base.frame
        return None if frame is None else (frame.freshness, frame.device, self.session.seed, self.session.way)

    def _forget(self) -> None:
        self.fill.stop()
        self.matrix = self.grid = self.vector = self.result = self._candidate = None
        self.source = ""
        self._pair, self._asked = ("", ""), None

    def _on_frame(self, _: object) -> None:
        if not self.session.stepper.active:  # what a step shows has been asked about already
            self._late.start()

    def _on_shown(self, shown: bool) -> None:
        if shown:
            self._late.start()
        else:
            self._take_back(end=False)
            self.evidence.light(())

    def _on_document(self, document: Document, diff: Diff) -> None:
        self.upstream.on_document(diff, self.session.whole.nodes)
        if not diff.label:
            self.of = self.wrt = AUTO
        if diff.only_layout and diff.label:
            return
        keys = document.nodes
        self.of, self.wrt = (key if key.partition("[")[0] in keys else AUTO for key in (self.of, self.wrt))
        self._late.start()

    # --- J ---

    def ask(self, question: Question, answer: Callable[[Any], None], asker: str) -> None:
        """A question; what is wrong with it is said in place."""
        if not self._waiting:
            self._busy.start()
        self._waiting.add(asker)
        self.session.ask(question, partial(self._came, answer, asker), asker)

    def _came(self, answer: Callable[[Any], None], asker: str, reply: Reply | None) -> None:
        self._waiting.discard(asker)
        if not self._waiting:
            self._busy.stop()
            self.panel.show_busy(False)
        if reply is None:  # the document is another by now: a frame of it will come
            self._asked = None
            return
        if reply.answer is not None:
            answer(reply.answer)
        else:
            self.fill.stop()
            self.panel.say(reply.problems)

    def stop(self) -> None:
        """Takes the questions back; once more ends a process that does not listen."""
        self._take_back()
        self.panel.say((Problem("Cancelled. Nothing has changed."),))
        self._draw()

    def _take_back(self, end: bool = True) -> None:
        self.fill.stop()
        self._asked = None
        for asker in ASKERS:
            self.session.cancel(asker, end)
        self._waiting.clear()
        self._busy.stop()
        self.panel.show_busy(False)

    def _ask_matrix(self) -> None:
        self.fill.stop()
        of, wrt = map(self.label, self._pair)
        kind = "hessian" if self.mode == "hessian" else "jacobian"
        way = "forward" if self.mode == "forward" else "reverse"
        self.ask(AskMatrix(of, wrt, kind, way), self._on_matrix, "jacobian")

    def _on_matrix(self, matrix: Matrix) -> None:
        good = matrix.values is not None
        self.matrix, self.grid = (matrix, matrix.values.numpy()) if matrix.values is not None else (None, None)
        self.panel.say(() if good else matrix.problems)
        self._draw()

    def _on_mode(self, mode: str) -> None:
        if mode != self.mode:
            self.mode = mode
            self._forget()
            self.refresh()

    def play(self) -> None:
        """Fills J by one pass after the other, or waits where it is."""
        if self._begin_fill():
            self.fill.calm = self.window.canvas.calm
            self.fill.play(not self.fill.playing)

    def step(self) -> None:
        """One basis vector more."""
        if self._begin_fill():
            self.fill.step()

    def _begin_fill(self) -> bool:
        if self.matrix is None or self.grid is None or not self.grid.size:
            return False
        if not self.fill.active:
            of, wrt = map(self.label, self._pair)
            self.fill.start(self.matrix, self.grid, self.mode, (of, wrt))
        return True

    # --- v. See Note [v in place] ---

    @property
    def _end(self) -> Record:
        """The node that v belongs to."""
        return self._of if self.mode == "reverse" else self._wrt

    def _ask_v(self) -> None:
        """The product with the v that there is, with that of the program's own backward, or with ones."""
        shape = self._end.shape or ()
        source = self.source or self.ends.given(self._pair[0] if self.mode == "reverse" else "")
        if source.startswith("node "):
            self._propose(source, self.label(source[5:]))
        elif self.vector is not None and self.vector.size == math.prod(shape) and source != "ones":
            self._propose(source, self.vector.reshape(shape))
        else:
            self._propose("ones", np.ones(shape, self._dtype()))

    def _dtype(self) -> str:
        return dtype_of(self._end.dtype)

    def _propose(self, source: str, v: Array | str) -> None:
        kind = {"reverse": "vjp", "forward": "jvp", "hessian": "hvp"}[self.mode]
        self.fill.stop()
        self._candidate = None if isinstance(v, str) else v
        of, wrt = map(self.label, self._pair)
        data = v if isinstance(v, str) else bits(v)
        self.ask(AskProduct(of, wrt, data, kind), partial(self._on_product, source), "product")

    def _on_product(self, source: str, product: Product) -> None:
        if product.values is None or product.v is None:
            self._candidate = None
            if self.matrix is not None or product.v is None:
                self._refuse(product.problems)
            return
        if product.v.size != math.prod(self._end.shape or ()):
            return  # about what was there before
        self.source, self.vector = source, product.v.numpy().reshape(-1)
        self.result = product.values.numpy().reshape(-1)
        self._candidate = None
        self.panel.v.setModified(False)
        if self.matrix is not None:
            self.panel.say(())
        if self.mode == "reverse":
            self.upstream.follow(self.label(self._pair[0]), self._gradient())
        self._draw()

    def _refuse(self, problems: Sequence[Problem]) -> None:
        self.panel.say(problems, wrong_v=True)

    def _no_fill(self, problems: Sequence[Problem]) -> None:
        self.panel.say(problems)
        self._draw()

    def _on_entry(self, place: int, number: Any, merge: str) -> None:
        now = self._candidate if self._candidate is not None else self.vector
        shape = self._end.shape or ()
        if now is None or self.matrix is None or now.size != math.prod(shape):
            return
        kind = np.result_type(now.dtype, np.complex64) if isinstance(number, complex) else now.dtype
        made = now.reshape(-1).astype(kind)  # a copy
        rows = self.matrix.rows if self.mode == "reverse" else self.matrix.columns
        try:
            made[rows[place]] = number
        except OverflowError as error:
            self._refuse((Problem(f"v: {error}", "type"),))
            return
        self._propose("typed", made.reshape(shape))

    def _on_typed(self, text: str) -> None:
        if not self._pair[0]:
            return
        try:
            made = read(text, self._dtype())
        except LiteralTextError as error:
            self._refuse((Problem(f"v: {error}", "type"),))
            return
        self._propose("typed", made)

    def _on_chosen(self, source: str) -> None:
        """Ones, a basis vector, or a node's value."""
        made = np.ones(self._end.shape or (), self._dtype())
        word, _, rest = source.partition(" ")
        if word == "basis":
            made = (np.arange(made.size) == int(rest)).astype(made.dtype).reshape(made.shape)
        self._propose(source, self.label(rest) if word == "node" else made)

    def use(self) -> None:
        """Backward starts with this v from now on, or as torch does again."""
        root = self.label(self._pair[0])
        if self.upstream.root == root:
            self.upstream.clear()
        elif self.vector is not None and self.mode == "reverse":
            self.upstream.use(root, self._gradient())
            self.window.say_status(f"Backward starts from {self.ends.name(self._pair[0])} with this v")
        self._draw()

    def _gradient(self) -> ArrayData | str:
        """v as Backward takes it: its bits, or the node that has it."""
        assert self.vector is not None
        wired = self.source.startswith("node ")
        return self.label(self.source[5:]) if wired else bits(self.vector.reshape(self._of.shape or ()))

    # --- drawing ---

    def _draw(self) -> None:
        panel, matrix, fill = self.panel, self.matrix, self.fill
        used = self.upstream.root == self.label(self._pair[0])
        panel.show_v(text_of(self.vector, self._end.shape or ()), used)
        panel.show_fill(fill.active, fill.playing, self.mode, matrix is not None and self.grid is not None)
        if matrix is None or self.grid is None:
            panel.show_product(Shown(), "")
            return
        of, wrt = self.ends.name(self._pair[0]), self.ends.name(self._pair[1])
        reverse = self.mode == "reverse"
        v, result = self.vector, self.result
        rows, columns = list(matrix.rows), list(matrix.columns)
        if v is not None and v.size != math.prod(matrix.shapes[0 if reverse else 1]):
            v = result = None  # of what was there before: the answer with the new one is under way
        if v is not None:
            v = v[rows] if reverse else v[columns]
        if result is not None:
            result = result[columns] if reverse else result[rows]
        grid, there, lit = self.grid, None, -1
        if fill.active:
            grid, there, v, result, lit = fill.grid, fill.there, fill.vector, fill.result, fill.at - 1
        ends = (of, wrt) if self.mode != "hessian" else (wrt, wrt)
        shown = Shown(
            grid, there, v, result, reverse, panel.structure.isChecked(), names(self.mode, wrt), matrix.rows, matrix.columns, matrix.shapes, ends, lit
        )  # fmt: skip
        panel.show_product(shown, cost(matrix, self.grid, of, wrt, self.mode, fill.at))
