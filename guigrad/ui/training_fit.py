"""Points with the decision boundary or the fitted curve of a training, and points edited by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from guigrad.document import edit
from guigrad.document.array import ArrayData
from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.run.field import AskField, Field
from guigrad.run.fit import Fit, is_flat
from guigrad.run.request import Reply
from guigrad.ui.widgets import fields
from guigrad.ui.widgets.field_plot import SIDE, FieldPlot, Points
from guigrad.ui.widgets.plot_page import ChoicePage, HandTools

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

from guigrad.ui.plot_asker import MIXED, NOT_RUN, SLOW_SECONDS, Asker, array, rows

GRIDS: Final = 8
"""Questions on their way whose grids are remembered."""


class FitAsker(Asker):
    """Decision boundaries and curves, and points by hand."""

    def __init__(self, window: MainWindow, page: ChoicePage, plot: FieldPlot) -> None:
        super().__init__(window, page, "fit", is_flat)
        self.plot = plot
        self.choice = page
        self.tools = HandTools(page)
        self.test: Points | None = None
        self._test_total = 0
        self._test_of: tuple[Any, ...] = ()
        self._grids: dict[int, list[Any]] = {}
        self._mark = 0
        self._why = ""
        hand = self.plot.hand
        hand.moved.connect(self._on_moved)
        hand.let_go.connect(self.session.end_gesture)
        hand.added.connect(self._on_added)
        hand.removed.connect(self._on_removed)
        hand.classed.connect(self._on_classed)
        hand.brushed.connect(self.tools.choose)
        self.tools.mode_chosen.connect(self._on_mode)
        self.plot.view_changed.connect(self._on_view)
        page.changed.connect(lambda: self._on_choice())
        self.tools.whose.currentIndexChanged.connect(lambda _: self._on_whose())

    def question(self, fit: Fit) -> AskField:
        if not len(self.plot.train):
            return AskField(fit.start, "", data=fit.data, targets=fit.targets)
        axes, places = self.plot.grid(SIDE if self.answer is None or self.answer.seconds < SLOW_SECONDS else SIDE // 2)
        self._mark += 1
        self._grids = {self._mark: axes, **dict(list(self._grids.items())[:GRIDS])}
        return AskField(fit.start, fit.end, array(places), data=fit.data, targets=fit.targets, mark=self._mark)

    def show_answer(self, fit: Fit, answer: Field) -> None:
        if answer.data is None:
            self.show_nothing(answer.reason or NOT_RUN)
            return
        plot = self.plot
        x = rows(answer.data)
        y = fields.target_numbers(None if answer.targets is None else answer.targets.numpy(), len(x))
        fresh = not len(plot.train)
        self._ask_test(fit)
        node = self.session.document.nodes.get(fit.data)
        named = fit.data if node is not None and node.name else fit.start
        names = (self._name(named), self._name(fit.targets) if fit.targets else "target")
        plot.say_empty("")
        plot.show_points(Points(x, y), self.test or Points(np.empty((0, x.shape[1]))), names)
        values = None if answer.values is None else rows(answer.values)
        axes = self._grids.get(answer.mark, [])
        plot.show_field(axes, values if axes else None, fit.logits)
        self._show_hand(fit, answer)
        self._say(fit, answer)
        if fresh and fit.end:
            self._asked = ()
            self._later.start()

    def show_nothing(self, text: str) -> None:
        self.plot.show_points(Points(np.empty((0, 2))), Points(np.empty((0, 2))), ("x", "y"))
        self.plot.show_field([], None, False)
        self.plot.say_empty(text)
        self.page.say("")
        self.plot.hand.editable = False

    def forget(self, another: bool) -> None:
        self._test_of = ()
        if another:
            self.test = None
            self.plot.reframe()
        super().forget(another)

    # --- inside ---

    def _name(self, key: str) -> str:
        frame = self.session.frame
        return frame.records[key].label if frame is not None and key in frame.records else key

    def _ask_test(self, fit: Fit) -> None:
        """The points that are kept for testing, once for each document."""
        made_of = (fit.test, fit.test_targets, self.session.document)
        if self._test_of and self._test_of[2] is made_of[2] and self._test_of == made_of:
            return
        self._test_of = made_of
        if not fit.test:
            self.test = None
            return
        question = AskField(fit.start, "", data=fit.test, targets=fit.test_targets)
        self.session.ask(question, self._on_test, "fit test")

    def _on_test(self, reply: Reply | None) -> None:
        found = reply.answer if reply is not None else None
        if not isinstance(found, Field):
            self._test_of = ()
            return
        if found.data is not None:
            x = rows(found.data)
            targets = None if found.targets is None else found.targets.numpy()
            self.test, self._test_total = Points(x, fields.target_numbers(targets, len(x))), found.total
            if self.answer is not None and self.fit is not None and len(self.plot.train):
                self.show_answer(self.fit, self.answer)

    def _say(self, fit: Fit, answer: Field) -> None:
        where = self.where
        if answer.reason and fit.end:
            self.page.say(f"{self._name(fit.end)} cannot be drawn: {answer.reason}", bad=True)
        elif not fit.end:
            self.page.say("No output is computed from these points with parameters yet.")
        elif answer.values is not None and not np.isfinite(answer.values.numpy()).all():
            self.page.say(f"{where}{self._name(fit.end)} is not finite everywhere (NaN or infinite)", bad=True)
        else:
            more = (
                f" · the first {len(self.plot.train):,} of {answer.total:,} points"
                if answer.total > len(self.plot.train)
                else ""
            )
            mixes = f" · {MIXED}" if answer.mixes else ""
            fixed = f" · the program takes {answer.fixed} rows at a time" if answer.fixed else ""
            why = f" · not edited by hand: {self._why}" if self._why else ""
            self.page.say(f"{where}{self._name(fit.end)} at every place{more}{mixes}{fixed}{why}", bad=bool(mixes))

    def _show_hand(self, fit: Fit, answer: Field) -> None:
        document = self.session.document
        plot = self.plot
        self.tools.whose.setVisible(bool(len(plot.test)))
        if not len(plot.test) and plot.edits_test:
            self.tools.whose.setCurrentIndex(0)
        key = self._leaves[0]
        self._why = edit.why_fixed(document, key) if key in document.nodes else "it stands in a function"
        if not self._why and (self._test_total if plot.edits_test else answer.total) > len(plot.held):
            self._why = "there are too many points"
        self.plot.hand.editable = not self._why
        self.tools.set_editable(self._why)
        self.tools.show_brush(self.plot.classes if self.plot.dims == 2 else [], self.plot.names[1])

    def _on_choice(self) -> None:
        start, end = str(self.choice.start.currentData() or ""), str(self.choice.end.currentData() or "")
        now = ("", "") if self.fit is None else (self.fit.start, self.fit.end)
        if (start, end) != now:
            if start != now[0]:
                self.plot.reframe()
            self.choose(start, end)

    def _on_view(self) -> None:
        self._later.start()

    def _on_mode(self, mode: str) -> None:
        self.plot.hand.mode = mode

    def _on_whose(self) -> None:
        self.plot.edits_test = self.tools.whose.currentData() == "test"
        self.plot.select(-1)
        if self.fit is not None and self.answer is not None:
            self._show_hand(self.fit, self.answer)
            self._say(self.fit, self.answer)

    # --- points by hand ---

    @property
    def _leaves(self) -> tuple[str, str]:
        """The leaves of the points that are changed by hand, and of their targets."""
        fit = self.fit if self.fit is not None else Fit()
        return (fit.test, fit.test_targets) if self.plot.edits_test else (fit.data, fit.targets)

    @property
    def _targets(self) -> str | None:
        """The leaf of the targets, if its rows can be edited too."""
        key = self._leaves[1]
        document = self.session.document
        return key if key in document.nodes and not edit.why_fixed(document, key) else None

    def _known(self) -> dict[str, ArrayData]:
        frame, fit = self.session.frame, self.fit
        if frame is None or fit is None:
            return {}
        found = {key: frame.records[key].value for key in self._leaves if key in frame.records}
        return {key: value for key, value in found.items() if isinstance(value, ArrayData)}

    def _edit(self, change: Callable[[Document], Diff]) -> None:
        self.session.edit(change)
        self._asked = ()
        self._later.start()

    def _on_moved(self, row: int, x: float, y: float, gesture: int) -> None:
        fit, line = self.fit, self.plot.dims == 1
        if fit is None:
            return
        values, target = ([x], y) if line else ([x, y], None)
        targets = self._targets if line else None
        merge = f"point {self._leaves[0]} {row} {gesture}"
        self._edit(edit.move_point(self._leaves[0], row, values, self._known(), targets, target, merge))
        self.plot.move_now(row, values, target if targets else None)

    def _on_added(self, x: float, y: float) -> None:
        if self.fit is None:
            return
        line = self.plot.dims == 1
        values, target = ([x], y) if line else ([x, y], self.tools.target)
        self._edit(edit.add_point(self._leaves[0], values, self._known(), self._targets, target))

    def _on_removed(self, row: int) -> None:
        if self.fit is not None:
            self._edit(edit.remove_point(self._leaves[0], row, self._known(), self._targets))

    def _on_classed(self, row: int, number: int) -> None:
        if (
            self.fit is not None
            and self.plot.dims == 2
            and self._targets is not None
            and self.tools.brush.findData(str(number)) >= 0
        ):
            self._edit(edit.move_point(self._leaves[0], row, None, self._known(), self._targets, float(number)))
