"""Verbs and live refreshes in one queue: what is asked of a runner next, and what is played again after an edit.

Note [Live refresh]
Verbs and refreshes are handed to the runner one at a time, so that a refresh knows the restore point it must start from. A refresh that
has not begun takes later edits in (latest wins); a verb is never dropped. A refresh tells the engine the edit, takes it back to the state
before the last sequence of verbs, which starts at each forward, and plays the sequence again: fifty moves of a slider after forward and
backward leave the gradient of one backward. Forward changes no source and no gradient, so the point after it is the state
before the sequence, with the sources that it made (random ones would be others the next time).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from msgspec import Struct, structs

from guigrad.document.diff import Diff
from guigrad.run.request import (
    Again,
    Ask,
    Backward,
    Edit,
    Forward,
    Load,
    Look,
    OptimizerStep,
    Point,
    Reply,
    Reset,
    Restore,
    Run,
    TryWire,
    Verb,
    Want,
    ZeroGrad,
)
from guigrad.run.runner import Runner
from guigrad.run.training import Train

Post = Callable[[Callable[[], None]], None]
"""Has a call made in the owner's thread, soon."""


class _Action(Struct):
    """One turn: a verb, an edit to follow (``quiet``: nothing is played again), or another document to load.

    ``want`` and ``answer`` are the verb's own, if it has such.
    """

    verb: Verb | None = None
    diff: Diff | None = None
    load: Callable[[], Load] | None = None
    revision: int = 0
    quiet: bool = False
    want: Want | None = None
    answer: Callable[[Reply], None] | None = None


Answered = Callable[[Reply | None], None]


class _Question(Struct):
    """A question that waits or is being answered; ``dropped``: nobody wants to know any more."""

    verb: TryWire | Ask | Again
    revision: int
    answer: Answered
    asker: str
    dropped: bool = False


class Live:
    """What one session asks of its runner.

    ``answered(reply)`` is told every answer that ends an action, and ``changed()`` each time ``running`` may have changed. Thread: the owner's;
    ``post`` brings the runner's answers there.
    """

    def __init__(
        self, runner: Runner, post: Post, answered: Callable[[Reply], None], changed: Callable[[], None]
    ) -> None:
        self.want = Want()
        self.sequence: list[Verb] = []
        self._runner, self._owner, self._answer, self._changed = runner, post, answered, changed
        self._closed = False
        self._queue: deque[_Action] = deque()
        self._rest: deque[Verb] = deque()
        self._current = _Action()
        self._busy = self._replaying = False
        self._questions: dict[str, _Question] = {}
        self._asking: _Question | None = None
        self._told = 0
        self._at: Callable[[tuple[str, ...]], None] = lambda keys: None
        self._is_at = False
        self._base: Point | None = None

    @property
    def told(self) -> int:
        """The revision of the document that the engine will have when all that waits has been told."""
        return next((action.revision for action in reversed(self._queue) if action.diff is not None), self._told)

    @property
    def running(self) -> bool:
        """Whether something is being computed or waits for it."""
        return (self._busy and self._asking is None) or bool(self._rest or self._queue)

    def load(self, load: Callable[[], Load]) -> None:
        """Another document, device or seed, asked for when its turn comes; edits that wait are in it already."""
        self._queue = deque(action for action in self._queue if action.verb is not None)
        self._push(_Action(load=load))

    def edit(self, diff: Diff, revision: int) -> None:
        """The document changed, and is at ``revision`` now."""
        last = self._queue[-1] if self._queue else None
        if last is None or last.verb is not None:
            self._push(_Action(diff=diff, revision=revision))
        elif last.diff is not None:
            last.diff, last.revision = last.diff.then(diff), revision
        if self._busy and self._replaying and self._asking is None:
            self._runner.interrupt()  # what it computes is out of date; a quick one ends before that

    def ask(self, verb: TryWire | Ask | Again, revision: int, answer: Answered, asker: str) -> None:
        """A question about the document at ``revision``; a later one of the same asker takes its place, and then it is not answered.

        None is the answer when the document is another by the time its turn comes. It waits for what runs; verbs do not wait for it long.
        """
        self._questions[asker] = _Question(verb, revision, answer, asker)
        if self._asking is not None and self._asking.asker == asker:
            self._runner.interrupt()
        self._next()

    def cancel(self, asker: str, end: bool = True) -> None:
        """Takes a question back; once more, if its answer is on its way still, ends the engine's process over it (unless not ``end``)."""
        self._questions.pop(asker, None)
        asking = self._asking
        if asking is None or asking.asker != asker:
            return
        if not asking.dropped:
            asking.dropped = True
            self._runner.interrupt()
        elif end:
            self._runner.stop()
            self.play(Look())

    def play(self, verb: Verb, want: Want | None = None, answer: Callable[[Reply], None] | None = None) -> None:
        """A verb, after everything that waits. A backward where nothing has run is preceded by a forward.

        ``want`` is the frame wanted of it (None: as always), ``answer`` is told in place of ``answered``.
        """
        starts = any(isinstance(action.verb, Forward | Run) for action in self._queue)
        if isinstance(verb, Backward) and not self.sequence and not starts:
            self._queue.append(_Action(Forward()))
        if not (isinstance(verb, Look) and self._queue):  # what waits brings a frame anyway
            self._push(_Action(verb, want=want, answer=answer))

    def replay(self, change: Callable[[Verb], Verb]) -> None:
        """The verbs of the last sequence, changed, once more."""
        self.change(change)
        if self.sequence:
            self.edit(Diff(), self._queue[-1].revision if self._queue else self._told)

    def change(self, change: Callable[[Verb], Verb]) -> None:
        """The verbs of the last sequence are played again so, when they are played again."""
        self.sequence = [change(verb) for verb in self.sequence]

    def forget_backward(self) -> None:
        """The last verb, if it was a backward, is not played again after edits."""
        if self.sequence and isinstance(self.sequence[-1], Backward):
            self.sequence.pop()

    def stop(self) -> None:
        """Stops what runs and forgets the verbs that wait; edits that wait are told, but nothing is played again for them."""
        self._queue = deque(action for action in self._queue if action.verb is None or isinstance(action.verb, Reset))
        for action in self._queue:
            action.quiet = True
        self._rest.clear()
        self._runner.stop()
        self._changed()

    def close(self) -> None:
        """Ends the runner; what it still answers is heard by nobody."""
        self._closed = True
        self._questions.clear()
        self._queue.clear()
        self._rest.clear()
        self._runner.close()

    def another_runner(self) -> Runner:
        """A runner of the same kind with an engine of its own."""
        return self._runner.another()

    def post(self, call: Callable[[], None]) -> None:
        """Has a call made in the owner's thread, soon. Thread: any."""
        self._post(call)

    def _post(self, call: Callable[[], None]) -> None:
        """Has a call made in the owner's thread, unless that has closed this meanwhile. Thread: any."""
        if not self._closed:
            self._owner(lambda: None if self._closed else call())

    def _push(self, action: _Action) -> None:
        self._queue.append(action)
        if self._asking is not None:
            self._runner.interrupt()
        self._next()
        self._changed()

    def _next(self) -> None:
        """Hands the next verb to the runner if it has none."""
        if not self._busy and not self._rest and not self._queue and self._questions:
            self._put_question()
        while not self._busy and (self._rest or self._queue):
            if not self._rest:
                self._begin(self._queue.popleft())
            if self._rest:
                self._ask(self._rest.popleft())

    def _put_question(self) -> None:
        question = self._questions.pop(next(iter(self._questions)))
        if question.revision != self._told:
            question.answer(None)
            return
        self._busy, self._asking = True, question
        future = self._runner.submit(question.verb, self.want if isinstance(question.verb, Again) else None)
        future.add_done_callback(lambda done: self._post(lambda: self._replied(done.result(), question)))

    def _replied(self, reply: Reply, question: _Question) -> None:
        self._busy, self._asking = False, None
        newer = question.asker in self._questions
        if any(problem.kind == "engine" for problem in reply.problems):  # the values are gone with the process
            self._answer(reply)
            self.play(Look())
        if reply.cancelled and not newer and not question.dropped:  # a verb came in between
            self._questions[question.asker] = question
        elif not newer and not question.dropped:
            question.answer(reply)
        self._next()

    def _begin(self, action: _Action) -> None:
        self._replaying, self._current = False, action
        if action.load is not None:
            load = action.load()
            self.sequence, self._base, self._told = [], None, load.revision
            self._rest.append(load)
        elif action.verb is not None:
            self._rest.append(action.verb)
        elif action.diff is not None:
            self._replaying = True
            if action.diff:
                self._rest.append(Edit(action.diff, self._told, action.revision))
                self._told = action.revision
            verbs = [] if action.quiet else list(self.sequence)
            if verbs and isinstance(verbs[0], Forward) and self._base is not None:
                self._rest.append(Restore(self._base))
                verbs[0] = Forward(verbs[0].to, partial=True)
            self._rest.extend(verbs)

    def _ask(self, verb: Verb) -> None:
        self._busy = True
        last = not self._rest
        want = self._current.want or self.want
        point = (last and not isinstance(verb, Train | Again)) or isinstance(verb, Forward)  # a training has moments
        future = self._runner.submit(verb, want if last else None, point)
        replaying = self._replaying
        future.add_done_callback(lambda done: self._post(lambda: self._told_of(verb, done.result(), last, replaying)))

    def _told_of(self, verb: Verb, reply: Reply, last: bool, replaying: bool) -> None:
        """One verb is done, or stopped, or has taken the engine down."""
        self._busy = False
        if self._is_at:
            self._now_at(())
        ended = reply.cancelled or any(problem.kind == "engine" for problem in reply.problems)
        if ended:
            self._rest.clear()
        elif not replaying:
            unknown = any(problem.kind == "name" and not problem.node_id for problem in reply.problems)
            if not (isinstance(verb, Forward) and unknown):  # a forward to what is not there has played nothing
                self._remember(verb, reply.point)
        elif isinstance(verb, Forward):
            self._base = reply.point
        if ended and replaying and isinstance(verb, Forward) and self._base is not None and reply.point is not None:
            self._base = structs.replace(
                reply.point, verbs=self._base.verbs
            )  # interrupted: sources may have been made anew
        if last or ended:
            (self._current.answer or self._answer)(reply)
        self._next()
        self._changed()

    def watch(self, at: Callable[[tuple[str, ...]], None]) -> None:
        """``at`` is told from now on which items are being played, by their keys; () when there is nothing more to tell."""
        self._at = at
        self._runner.told = lambda keys: self._post(lambda: self._now_at(keys))

    def _now_at(self, keys: tuple[str, ...]) -> None:
        if (self._busy and self._asking is None) or not keys:  # what a question plays is no part of the course
            self._is_at = bool(keys)
            self._at(keys)

    def _remember(self, verb: Verb, point: Point | None) -> None:
        """See Note [Live refresh]."""
        match verb:
            case Forward():
                self._base, self.sequence = point, [verb]
            case Run():
                self._base, self.sequence = None, [verb]
            case Backward() | ZeroGrad() | OptimizerStep():
                if self.sequence:
                    self.sequence.append(verb)
            case Reset() | Train() | Again():  # edits do not play again what was trained
                self._base, self.sequence = None, []
            case _:
                pass
