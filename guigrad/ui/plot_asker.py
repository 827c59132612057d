"""What a plot of a training asks of the engine: with each slice at full speed, by a question of its own of any step."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import QObject, QTimer

from guigrad.document.array import ArrayData
from guigrad.run.derivative import Question
from guigrad.run.field import AskField, Field
from guigrad.run.fit import Finder, Fit, is_flat
from guigrad.run.frame import Frame, Record
from guigrad.run.request import Reply
from guigrad.ui.widgets.plot_page import ChoicePage, PlotPage, fill

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

SHARE: Final = 4
"""What is asked for the plot takes no more than about such a part of the time of a training."""
AGAIN_MS: Final = 60
SLOW_SECONDS: Final = 0.25
GIVEN_BYTES: Final = 8 * 1024 * 1024
"""Values of a recorded step that are sent along with a question."""
NO_FIT: Final = (
    "Nothing here has rows of one or two numbers to be fitted. A leaf with one or two columns that does not require grad,"
    " and an output that is computed from it with parameters, would fill this."
)
NO_IMAGES: Final = (
    "A value whose rows are pictures would fill this: n × height × width, n × channels × height × width, or n × 64."
)
NOT_RUN: Final = "Run Forward or train a step: then it is known what can be plotted."
MIXED: Final = "the output at a point depends on the points beside it, or is random"


class Asker(QObject):
    """Keeps one page's answer in step with what is shown: with each slice of a training that plays, by a question of its own else.

    Thread: the GUI thread.
    """

    def __init__(self, window: MainWindow, page: PlotPage, name: str, fits: Callable[[Record], bool]) -> None:
        super().__init__(page)
        self.window, self.page, self.name = window, page, name
        self.session, self.coach = window.session.base, window.session.base.coach
        self.fits = fits
        self.fit: Fit | None = None
        self.answer: Field | None = None
        self.chosen = ["", ""]
        self._finder: Finder | None = None
        self._made_of: tuple[Any, ...] = ()
        self._asked: tuple[Any, ...] = ()
        self._next = 0.0
        self.lacking = False
        self._later = QTimer(self, singleShot=True, interval=AGAIN_MS)
        self._later.timeout.connect(self.refresh)

    def question(self, fit: Fit) -> AskField:
        """What is asked of the engine."""
        raise NotImplementedError

    def show_answer(self, fit: Fit, answer: Field) -> None:
        """Draws an answer."""
        raise NotImplementedError

    def show_nothing(self, text: str) -> None:
        """There is nothing to draw, and why."""
        raise NotImplementedError

    # --- what is asked ---

    def asks(self) -> tuple[Question, ...]:
        """What a slice of a training is asked, at most so often that the training hardly suffers."""
        if (
            not self.page.isVisible()
            or monotonic() < self._next
            or self.session.exercise.keys
            or self.page.run is not None
        ):
            return ()
        fit = self._found()
        return () if fit is None else (self.question(fit),)

    def refresh(self) -> None:
        """Asks about what is shown, unless a training that plays does."""
        if not self.page.isVisible():
            return
        frame = self.session.frame
        if frame is None or not any(record.shape is not None for record in frame.records.values()):
            self.show_nothing(NOT_RUN)
            return
        fit = self._found()
        if fit is None:
            return
        if self.coach.playing:
            return
        question = self._with_given(self.question(fit), frame)
        wanted = (fit, question.points, id(frame), self.session.document, self.page.run)
        if wanted != self._asked:
            self._asked = wanted
            self.session.ask(question, lambda reply: self._on_reply(fit, reply), self.name)

    def heard(self, answer: object) -> None:
        """What a slice has answered."""
        if isinstance(answer, Field) and self.fit is not None and self._is_mine(answer) and self.page.run is None:
            self._next = monotonic() + SHARE * answer.seconds
            self._show(self.fit, answer)

    def stop(self) -> None:
        """Asks nothing more."""
        self._later.stop()
        self.session.cancel(self.name, end=False)

    def forget(self, another: bool) -> None:
        """The training starts over; with ``another`` document what was chosen is forgotten too."""
        self._asked, self._next = (), 0.0
        if another:
            self.chosen, self.answer, self.fit, self._made_of = ["", ""], None, None, ()
            self.show_nothing(NOT_RUN)

    def choose(self, start: str, end: str) -> None:
        """What somebody has chosen as input and output, "" for what is found."""
        if start != self.chosen[0]:
            end = ""
        self.chosen = [start, end]
        self._asked, self._made_of = (), ()
        self.refresh()

    @property
    def where(self) -> str:
        """Of which step the answer is, where it is not the last."""
        run, other = self.page.run, self._other
        if run is not None:
            name = self.coach.recording.runs[run].name
            return f"{name}, step {other[0]:,}: " if other is not None and not self.lacking else f"{name} has not kept its parameters, so this is the one that goes on: "  # fmt: skip
        if self.coach.shown is None:
            return ""
        if self.lacking:
            return f"step {self.answer.step if self.answer else 0:,}, as step {self.coach.shown:,} has not kept its parameters: "
        return f"step {self.coach.shown:,}: "

    # --- inside ---

    @property
    def _other(self) -> tuple[int, Frame] | None:
        """The last frame that another run has kept, which was chosen."""
        run = self.page.run
        return self.coach.recording.frame_of(run) if run is not None else None

    def _is_mine(self, answer: Field) -> bool:
        assert self.fit is not None
        return answer.start == self.fit.start and answer.end in ("", self.fit.end)

    def _found(self) -> Fit | None:
        """What is fitted, found once for each document and each set of shapes."""
        frame, document = self.session.frame, self.session.document
        if frame is None:
            return None
        shapes = hash(tuple(record.shape for record in frame.records.values()))
        made_of = (document, shapes, *self.chosen)
        if self._made_of and self._made_of[0] is document and self._made_of == made_of:
            return self.fit
        self._made_of = made_of
        finder = self._finder = Finder(document, frame, self.fits)
        self.fit = finder.fit(*self.chosen)
        if isinstance(self.page, ChoicePage):
            start, end = (self.fit.start, self.fit.end) if self.fit is not None else ("", "")
            fill(self.page.start, self._labels(finder.starts(), start, frame), start)
            fill(self.page.end, self._labels(finder.ends(start) if start else [], end, frame), end)
        if self.fit is None:
            self.show_nothing(NO_FIT if self.fits is is_flat else NO_IMAGES)
        return self.fit

    def _labels(self, keys: list[str], chosen: str, frame: Frame) -> dict[str, str]:
        found = dict.fromkeys([*keys, *([chosen] if chosen else [])])
        return {key: frame.records[key].label for key in found if key in frame.records}

    def _with_given(self, question: AskField, frame: Frame) -> AskField:
        """Of a step that is scrubbed to, and of another run: with the parameters as they were then."""
        self.lacking = False
        if self.page.run is not None:
            other = self._other
            self.lacking = other is None
            frame = other[1] if other is not None else frame
        if self.lacking or (self.page.run is None and self.coach.shown is None):
            return question
        reads = self.answer.reads if self.answer is not None else ()
        keys = [
            key for key, record in frame.records.items() if (record.is_leaf and record.requires_grad) or key in reads
        ]
        given = [(key, frame.records[key].value) for key in keys if key in frame.records]
        known = tuple((key, value) for key, value in given if isinstance(value, ArrayData))
        tensors = [key for key in keys if frame.records[key].kind == "Tensor"]
        if len(known) < len(tensors) or sum(len(value.data) for _, value in known) > GIVEN_BYTES:
            self.lacking = True
            return question
        return AskField(
            question.start,
            question.end,
            question.points,
            known,
            question.data,
            question.targets,
            question.rows,
            question.mark,
        )

    def _on_reply(self, fit: Fit, reply: Reply | None) -> None:
        if reply is None:  # the document is another by now
            self._asked = ()
            self._later.start()
        elif isinstance(reply.answer, Field) and fit == self.fit:
            first = self.answer is None
            self._show(fit, reply.answer)
            if first and (
                self.coach.shown is not None or self.page.run is not None
            ):  # now it is known which values matter
                self._asked = ()
                self._later.start()

    def _show(self, fit: Fit, answer: Field) -> None:
        if (
            (answer.mixes or (answer.reason and answer.data is not None))
            and not self.chosen[0]
            and self._finder is not None
        ):
            better = self._finder.later(fit.start, fit.end)
            if better:  # rows are made ready together, by their own mean, and then picked: what is ready is fed in
                self.choose(better[0], fit.end)
                return
        self.answer = answer
        self.show_answer(fit, answer)


def rows(data: ArrayData) -> Any:
    """Numbers in rows of as many columns as they have. Shapes: [n, …] -> float64 [n, columns]"""
    found = np.asarray(data.numpy(), dtype=np.float64)
    return found.reshape(len(found), -1) if len(found) else found.reshape(0, 1)


def array(numbers: Any) -> ArrayData:
    """Points as they are sent."""
    found = np.ascontiguousarray(numbers, dtype=np.float64)
    return ArrayData("float64", found.shape, (found.shape[1], 1), found.tobytes())
