"""Stepping in a session: forward op by op, backward grad_fn by grad_fn, to breakpoints, and back. See Note [Cursor] in run/steps.

The engine plays a forward or a backward once, at full speed; all else is a cursor over its record.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final, Protocol

from msgspec.structs import replace

from guigrad.document.model import Document
from guigrad.run.amend import amended
from guigrad.run.blanks import Keys
from guigrad.run.exercise import Exercise
from guigrad.run.frame import Frame
from guigrad.run.listen import Event
from guigrad.run.live import Live
from guigrad.run.request import Backward, Forward, Look, Reply, Verb, Want
from guigrad.run.steps import Cursor, Step, Steps

LARGE: Final = 500
"""With more nodes than this, tensors of more than ``LIMIT`` elements are shown by their statistics."""
LIMIT: Final = 4096

NOTHING_TO_DIFFERENTIATE: Final = "the end: nothing here requires a gradient"
AGAIN: Final = "the end; one more step begins a new pass"
FAILED: Final = "the end: there is no backward, see the problem"


class Owner(Protocol):
    """What the stepper needs of its session."""

    x_ray: bool
    exercise: Exercise

    @property
    def document(self) -> Document:
        """The document as it is now."""

    def show_step(self, frame: Frame) -> None:
        """A frame of another moment."""

    def answered(self, reply: Reply, frame: Frame | None) -> None:
        """What a verb brought; ``frame`` is shown in place of its own."""


class Stepper:
    """One session's steps. ``changed()`` tells every move, beginning and end; ``breakpoints_changed(ids)`` the rest.

    Moves asked for while a forward or backward is still being played are made when it has been. Thread: the session's.
    """

    def __init__(self, live: Live, owner: Owner) -> None:
        self.cursor: Cursor | None = None
        self.breakpoints: frozenset[str] = frozenset()
        self.note = ""
        self.changed, self.breakpoints_changed = Event(), Event()
        self._live, self._owner = live, owner
        self._moves: list[Callable[[], bool]] = []
        self._told: tuple[Steps, int] | None = None
        self._waiting = ""
        self._veiled: tuple[Steps, Keys, Steps] | None = None

    # --- where one is ---

    @property
    def active(self) -> bool:
        """Whether what is shown is a step."""
        return self.cursor is not None

    @property
    def busy(self) -> bool:
        """Whether a pass is being played for it."""
        return bool(self._waiting)

    @property
    def step(self) -> Step | None:
        """The step that has just been made."""
        return self.cursor.step if self.cursor is not None else None

    @property
    def steps(self) -> Steps | None:
        """All steps, without what is to be guessed."""
        if self.cursor is None:
            return None
        steps, exercise = self.cursor.steps, self._owner.exercise
        if not exercise.keys:
            return steps
        if self._veiled is None or self._veiled[0] is not steps or self._veiled[1] is not exercise.keys:
            after = steps.after and exercise.veil(steps.after)
            events = after.events if after is not None else ()
            shown = replace(steps, before=exercise.veil(steps.before), after=after, events=events)
            self._veiled = (steps, exercise.keys, shown)
        return self._veiled[2]

    @property
    def words(self) -> str:
        """Where one is: "step 3 of 14: MulBackward0 of t3"."""
        cursor = self.cursor
        if cursor is None:
            return "forward is being played for stepping" if self.busy else ""
        count = f"step {cursor.at} of {len(cursor.steps)}"
        if self.busy:
            return f"{count}: backward is being played"
        here = f"{count}: {cursor.step.words}" if cursor.step is not None else f"{count}: the start"
        return f"{here} · {self.note}" if self.note else here

    # --- moves ---

    def forward(self) -> None:
        """One step on: an op, or after the last one a grad_fn. At the end of a pass the next one begins when asked for twice."""
        cursor = self.cursor
        if cursor is not None and not self.busy and cursor.ended and (cursor.steps.after is not None or self.note):
            if self.note != AGAIN:
                self._say(AGAIN)
                return
            self.settle()
        self._do(self._on)

    def back(self) -> None:
        """One step back; nothing at the start."""
        if self.active:
            self._do(lambda: self._go(self._at() - 1))

    def go(self, number: int) -> None:
        """To where ``number`` steps are done."""
        if self.active:
            self._do(lambda: self._go(number))

    def to(self, wanted: Collection[str], back: bool = False) -> None:
        """To the next step of one of these nodes, or to the end."""
        if back and not self.active:
            return
        chosen = frozenset(wanted)
        self._do(lambda: self._find(chosen, back))

    def to_breakpoint(self) -> None:
        """To the next step of a node with a breakpoint, or to the end."""
        self._do(lambda: self._find(self.breakpoints, False))

    def to_end(self) -> None:
        """To the end of the backward, or of the forward where there is none."""
        self._do(lambda: self._find(frozenset(), False))

    def to_forward_end(self) -> None:
        """To the end of the forward part."""
        self._do(self._go_to_forward_end)

    def leave(self) -> None:
        """Ends stepping as any other verb does."""
        self.settle()

    def recorded(self, answer: Callable[[Frame | None], None]) -> None:
        """Tells ``answer`` the events of the last backward; nothing changes."""
        want = Want(nodes=(), limit=LIMIT, events=True)
        self._live.play(Look(), want, lambda reply: answer(reply.frame and self._owner.exercise.veil(reply.frame)))

    @property
    def played(self) -> tuple[Verb, ...]:
        """The verbs that led here since the last forward or run began."""
        return tuple(self._live.sequence)

    def graph(self, answer: Callable[[Frame | None], None]) -> None:
        """Tells ``answer`` the grad_fns that the last forward left behind; nothing changes."""
        want = Want(nodes=(), contributions=False, graph=True)
        self._live.play(Look(), want, lambda reply: answer(reply.frame and self._owner.exercise.veil(reply.frame)))

    # --- breakpoints ---

    def toggle_breakpoints(self, keys: Iterable[str]) -> None:
        """Sets breakpoints on these nodes, or takes them away where all have one."""
        chosen = frozenset(keys)
        self._set(self.breakpoints - chosen if chosen <= self.breakpoints else self.breakpoints | chosen)

    def clear_breakpoints(self) -> None:
        """None any more."""
        self._set(frozenset())

    def keep_breakpoints(self, nodes: Collection[str]) -> None:
        """Only those of nodes that are still there."""
        self._set(frozenset(key for key in self.breakpoints if key in nodes))

    def _set(self, keys: frozenset[str]) -> None:
        if keys != self.breakpoints:
            self.breakpoints = keys
            self.breakpoints_changed.tell(keys)

    # --- other verbs ---

    def settle(self, replay: bool = True) -> None:
        """Another verb comes: stepping ends. ``replay``: False where the verbs are played again anyway. See Note [Cursor]."""
        cursor, self.cursor = self.cursor, None
        was = cursor is not None or self.busy
        self._moves.clear()
        self._told = None
        self._waiting = self.note = ""
        if cursor is not None:
            takes_back = cursor.takes_back
            if takes_back:
                self._live.forget_backward()
            if not self._owner.x_ray:  # it was recorded for stepping alone
                self._live.change(lambda verb: amended(verb, xray=False))
            if takes_back and replay:
                self._live.replay(lambda verb: verb)
            elif not takes_back:
                steps = cursor.steps
                self._owner.show_step(steps.at(len(steps)))
        if was:
            self.changed.tell()

    def forget(self) -> None:
        """Nothing has run any more: what was stepped through is no more."""
        was = self.active or self.busy
        self.cursor = None
        self._moves.clear()
        self._told = None
        self._waiting = self.note = ""
        if was:
            self.changed.tell()

    def reset(self) -> None:
        """Another document."""
        self.forget()
        self.clear_breakpoints()

    def stop(self) -> None:
        """What is being played is stopped."""
        if self.busy:
            self.forget()

    def show_xray(self, on: bool) -> None:
        """Whether gradients of intermediates are shown."""
        if self.cursor is not None:
            self.cursor.show(on)
            self._work()

    # --- inside ---

    def _at(self) -> int:
        return self.cursor.at if self.cursor is not None else 0

    def _do(self, move: Callable[[], bool]) -> None:
        """Makes a move, now or when what is being played has been. A move that gives False waits for a backward."""
        self._moves.append(move)
        if self.cursor is None and not self.busy:
            self._waiting = "forward"
            self._live.play(Forward(), self._want(), self._answered)
            self.changed.tell()
        self._work()

    def _work(self) -> None:
        while self._moves and not self.busy and self.cursor is not None:
            if self._moves[0]() or not self._begin_backward():
                del self._moves[0]
        cursor = self.cursor
        if cursor is not None and not self.busy and self._told != (cursor.steps, cursor.at):
            self._told = (cursor.steps, cursor.at)
            self._owner.show_step(cursor.frame)
            self.changed.tell()

    def _on(self) -> bool:
        cursor = self.cursor
        assert cursor is not None
        if cursor.ended and cursor.steps.after is None and not self.note:
            return False
        return self._go(cursor.at + 1)

    def _go(self, number: int) -> bool:
        assert self.cursor is not None
        if self.cursor.move(number) and self.note == AGAIN:
            self.note = ""
        return True

    def _go_to_forward_end(self) -> bool:
        return self._go(len(self.cursor.steps.order) if self.cursor is not None else 0)

    def _find(self, wanted: frozenset[str], back: bool) -> bool:
        cursor = self.cursor
        assert cursor is not None
        steps = cursor.steps
        found = steps.find(wanted, cursor.at, back)
        if found is None and not back and steps.after is None and not self.note:
            cursor.move(len(steps))
            return False
        return self._go(found if found is not None else 0 if back else len(steps))

    def _begin_backward(self) -> bool:
        """Has the backward played that goes on from the end of the forward; False if there is none."""
        assert self.cursor is not None
        if not any(record.requires_grad for record in self.cursor.steps.before.records.values()):
            self._say(NOTHING_TO_DIFFERENTIATE)
            return False
        self._waiting = "backward"
        self._live.play(Backward(), self._want(), self._answered)
        if self.busy:
            self.changed.tell()
        return True

    def _answered(self, reply: Reply) -> None:
        waited, self._waiting = self._waiting, ""
        frame = reply.frame
        if not waited or frame is None or reply.cancelled:
            if waited:
                self.forget()
            self._owner.answered(reply, frame)
            return
        if waited == "forward":
            self.cursor = Cursor(frame, self._owner.x_ray)
        elif self.cursor is not None and frame.events:
            self.cursor.add_backward(frame)
        else:
            self.note = FAILED
            self._live.forget_backward()
        self._owner.answered(reply, None)
        self._work()

    def _say(self, note: str) -> None:
        self.note = note
        self.changed.tell()

    def _want(self) -> Want:
        return Want(limit=LIMIT if len(self._owner.document.nodes) > LARGE else self._live.want.limit, events=True)
