"""What the window knows and does: every user intent is a verb of the Session. No Qt, no torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from guigrad.document import file
from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.document.problem import Fix, Problem, ProblemError
from guigrad.document.store import Store
from guigrad.files.load import load
from guigrad.run.amend import amended, fix_backward
from guigrad.run.coach import Coach
from guigrad.run.derivative import AskFindings, Findings, Question
from guigrad.run.exercise import Exercise, behind
from guigrad.run.frame import Frame
from guigrad.run.listen import Event
from guigrad.run.live import Live, Post
from guigrad.run.request import (
    Ask,
    Backward,
    Forward,
    Load,
    Look,
    Reply,
    Reset,
    Run,
    Trial,
    TryWire,
    Verb,
    Want,
)
from guigrad.run.runner import Runner
from guigrad.run.said import Said
from guigrad.run.stepper import Stepper
from guigrad.run.steps import without_xray
from guigrad.run.verbs import Verbs


def _now(call: Callable[[], None]) -> None:
    call()


class Session(Verbs):
    """One document, what was computed from it, and what the user does with both.

    Events: ``frame_changed(frame)``, ``document_changed(document, diff)``, ``problems_changed(problems)``,
    ``running_changed(running)``, ``selection_changed(ids)``, ``printed(texts)``, ``refused(problems)``, ``state_changed()`` (device, seed,
    x-ray, path), ``at_changed(keys)`` (the items being played, () after them). Thread: the one that made it; ``post`` brings the runner's answers there (default: the runner answers in it anyway).
    """

    def __init__(
        self,
        store: Store,
        runner: Runner,
        post: Post = _now,
        device: str | None = None,
        seed: int | None = None,
    ) -> None:
        self.store = store
        self.frame: Frame | None = None
        self.selection: frozenset[str] = frozenset()
        self.x_ray = True
        self.device, self.seed = device, seed
        self.devices: tuple[str, ...] = ("cpu",)
        self.frame_changed, self.document_changed, self.problems_changed = Event(), Event(), Event()
        self.running_changed, self.selection_changed, self.printed = Event(), Event(), Event()
        self.refused, self.state_changed, self.at_changed = Event(), Event(), Event()
        self._live = Live(runner, post, self._answered, self._running)
        self._live.watch(self.at_changed.tell)
        self.exercise = Exercise(self)
        self.exercise.changed.connect(self._reveal)
        self.stepper = Stepper(self._live, self)
        self.coach = Coach(self._live, self)  # trains
        self._revision = store.revision
        self._said = Said()
        self._resetting = self._was_running = False
        self._stop_listening = store.listen(self._follow)
        self._live.load(self._load)

    # --- what there is ---

    @property
    def document(self) -> Document:
        """The document as it is now."""
        return self.store.document

    @property
    def path(self) -> str:
        """The file that the document was read from or saved to; "" for none."""
        return self.store.document.path

    @property
    def dirty(self) -> bool:
        """Whether there is something that no file holds."""
        return self.store.revision != self.store.saved_revision

    @property
    def running(self) -> bool:
        """Whether something is being computed or waits for it."""
        return self._live.running

    @property
    def follows(self) -> bool:
        """Whether values follow an edit where they stand: the last thing played was a forward, or what came after one."""
        return bool(self._live.sequence) and isinstance(self._live.sequence[0], Forward)

    @property
    def fresh(self) -> bool:
        """Whether the frame was computed from the document as it is."""
        return self.frame is not None and self.frame.freshness[0] == self._revision

    @property
    def want(self) -> Want:
        """What frames carry, see ``look``."""
        return self._live.want

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the document, what was found in its values, then what the last verb said."""
        return self._said.problems(self.document)

    # --- documents ---

    def new(self) -> None:
        """An empty document; the history is gone."""
        self._replace(Document())

    def open(self, path: str | os.PathLike[str]) -> bool:
        """The document in a file; False, and ``refused`` tells why, when nothing could be read."""
        try:
            document = load(path)
        except ProblemError as error:
            self.refused.tell(error.problems)
            return False
        self._replace(document)
        return True

    def save(self, path: str | os.PathLike[str] | None = None, seen: Document | None = None) -> bool:
        """Writes the document (``seen``: with places for all its cards) to a file; False, and ``refused`` tells why, if that fails."""
        name = os.fspath(path) if path is not None else self.path
        try:
            file.save(seen or self.document, name)
        except OSError as error:
            text = f"{name}: {error.strerror or error}"
            self.refused.tell((Problem(text, kind="file", error=type(error).__name__),))
            return False
        self.store.saved(name)
        self.state_changed.tell()
        return True

    def edit(self, edit: Callable[[Document], Diff] | Diff) -> bool:
        """Changes the document by an Edit of ``guigrad.document.edit``; False, and ``refused`` tells why, when it cannot be done."""
        try:
            diff = edit if isinstance(edit, Diff) else edit(self.document)
        except ProblemError as error:
            self.refused.tell(error.problems)
            return False
        self.store.commit(diff)
        return True

    def undo(self) -> str | None:
        """Takes the last change back; its label."""
        return self.store.undo()

    def redo(self) -> str | None:
        """Makes the change again that was taken back last; its label."""
        return self.store.redo()

    def end_gesture(self) -> None:
        """A slider was let go: its next move is an undo step of its own."""
        self.store.end_merge()

    def select(self, ids: Iterable[str]) -> None:
        """Which nodes are selected."""
        selection = frozenset(ids)
        if selection != self.selection:
            self.selection = selection
            self.selection_changed.tell(selection)

    def apply_fix(self, fix: Fix) -> bool:
        """Does what a problem's fix says: an edit by its name, or one of the verbs in FIXES."""
        if fix.verb == "set_requires_grad" and any("grad_fn" in p.message and fix in p.fixes for p in self._said.verb):
            self._live.forget_backward()  # it has not happened: the next one is the first
        if fix.verb in FIXES:
            return getattr(self, fix.verb)(*fix.args) is not False
        from guigrad.document.edit_of import edit_of  # late: it reads the op table

        edit = edit_of(fix, self.document)
        if edit is None:
            return bool(fix.args) and fix_backward(self, self._live, fix.verb, str(fix.args[0]))
        return self.edit(edit)

    def try_wire(
        self,
        source: str,
        output: int,
        target: str,
        path: str,
        answer: Callable[[Trial | None], None],
        instead: tuple[str, str] | None = None,
    ) -> None:
        """Asks the engine what a wire would bring about; ``answer`` is called soon, unless another question comes first.

        ``instead`` is the (node, port) that it is taken from. Nothing changes. None: it cannot be told.
        """
        from guigrad.document.edit_of import wire_of  # late: it reads the op table

        diff = wire_of(self.document, source, output, target, path, instead)
        if diff is None or "shape" in self.exercise.keys.get(source, ()):
            answer(None)
            return
        verb = TryWire(source, output, target, path, diff)
        self._live.ask(verb, self._revision, lambda reply: answer(reply.trial if reply else None), "wire")

    def ask(self, question: Question, answer: Callable[[Reply | None], None], asker: str) -> None:
        """A question about what was computed. Nothing changes; the asker's next one takes its place. None: it is out of date."""
        refusal = self.exercise.refusal(question)
        if refusal is not None:
            answer(Reply(answer=refusal))
        else:
            self.coach.settle()
            self._live.ask(Ask(question), self._revision, answer, asker)

    def cancel(self, asker: str, end: bool = True) -> None:
        """Takes a question back; a second time ends the engine's process, if it is still at it (unless not ``end``)."""
        self._live.cancel(asker, end)

    def look_through(self) -> None:
        """Has the values looked through for what torch does without a word; ``problems_changed`` tells what is found."""
        if self.stepper.active:
            self._found(())
        else:
            self.ask(AskFindings(), lambda reply: self._found(reply and reply.answer), "findings")

    def _found(self, found: object) -> None:
        problems = self.exercise.problems(found.problems) if isinstance(found, Findings) else ()
        if problems != self._said.found:
            self._said.found = problems
            self.problems_changed.tell(self.problems)

    # --- computing ---

    def look(self, want: Want | None = None) -> None:
        """A frame of what there is; ``want`` is what frames shall carry from now on (other nodes came into view)."""
        if want is not None:
            self._live.want = want
        if not self.stepper.active:  # its frames have every value
            self.coach.settle()
            self._live.play(Look())
        elif self.frame is not None:
            self.frame_changed.tell(self.frame)

    def want_only(self, want: Want) -> None:
        """What frames shall carry from the next one on."""
        self._live.want = want

    def another_runner(self) -> Runner:
        """A runner with an engine of its own, for those who compute beside the session; they close it."""
        return self._live.another_runner()

    def post(self, call: Callable[[], None]) -> None:
        """Has a call made in the session's thread, soon. Thread: any."""
        self._live.post(call)

    def stop(self) -> None:
        """Stops what runs and forgets the verbs that wait; edits stay."""
        self.stepper.stop()
        self.coach.stopped()
        self._live.stop()

    def set_device(self, device: str | None) -> None:
        """Computes there from now on (None: the document's wish); nothing has run then."""
        self.device = device
        self._reload()

    def set_seed(self, seed: int | None) -> None:
        """Overrides the program's seeds (None: the program's own); nothing has run then."""
        self.seed = seed
        self._reload()

    def set_x_ray(self, on: bool) -> None:
        """Whether the gradients of intermediates are shown; a backward that was played is played again."""
        if on == self.x_ray:
            return
        self.x_ray = on
        if self.stepper.active:  # all is recorded
            self.stepper.show_xray(on)
        elif any(isinstance(verb, Backward) for verb in self._live.sequence):
            self._live.replay(lambda verb: amended(verb, xray=on))
        self.state_changed.tell()

    def close(self) -> None:
        """Ends the runner; the session is not used any more."""
        self._stop_listening()
        self._live.close()

    # --- inside ---

    def act(self, verb: Verb) -> None:
        """Plays a verb at the end of what is stepped through. See Note [Cursor] in run/steps."""
        self.stepper.settle(replay=not isinstance(verb, Run | Reset))
        self.coach.acted(verb)
        self._live.play(verb)

    def _reload(self) -> None:
        self.stepper.forget()
        self.coach.forget()
        self._live.load(self._load)
        self.state_changed.tell()

    def _load(self) -> Load:
        return Load(self.document, self._revision, self.device, self.seed)

    def _replace(self, document: Document) -> None:
        self._resetting = True
        try:
            self.store.reset(document)
        finally:
            self._resetting = False
        self._revision = self.store.revision
        self.stepper.reset()
        if self.running:
            self._live.stop()
        self.frame, self._said.found = None, ()
        self.exercise.restart()
        self.select(())
        self._reload()

    def _follow(self, document: Document, diff: Diff) -> None:
        """The store has changed the document."""
        if diff.nodes:
            self.select(self.selection & document.nodes.keys())
            self.stepper.keep_breakpoints(document.nodes.keys())
        self.document_changed.tell(document, diff)
        if diff.settings is not None and diff.settings[0].exercise != diff.settings[1].exercise:
            self.exercise.changed.tell()
        if not self._resetting and not diff.only_layout:
            self._revision = self.store.revision
            self.leave_steps()
            self.coach.edited()
            self._live.edit(diff, self._revision)
            self.coach.settle()

    def leave_steps(self) -> None:
        """Ends stepping through one pass."""
        self.stepper.settle(replay=False)

    def show_step(self, frame: Frame) -> None:
        """Another frame, without what is to be guessed."""
        self.frame = self.exercise.veil(frame)
        self.frame_changed.tell(self.frame)

    def _reveal(self) -> None:
        if self.frame is not None:
            self.show_step(behind(self.frame))

    def _answered(self, reply: Reply) -> None:
        self.answered(reply, reply.frame)

    def answered(self, reply: Reply, frame: Frame | None) -> None:
        """A verb has been played; ``frame`` is what is shown after it."""
        if reply.devices and reply.devices != self.devices:
            self.devices = reply.devices
            self.state_changed.tell()
        if reply.prints:
            self.printed.tell(self.exercise.prints(reply.prints))
        if self._said.verb != reply.problems:
            self._said.verb = reply.problems
            self.problems_changed.tell(self.problems)
        if frame is not None and frame.freshness[0] == self._revision:
            self.show_step(frame if self.x_ray or not frame.order else without_xray(frame))

    def _running(self) -> None:
        if self.running != self._was_running:
            self._was_running = self.running
            self.running_changed.tell(self.running)


FIXES = ("forward", "backward", "zero_grad", "reset", "run", "set_device", "set_seed")
"""Session verbs that a fix may name."""
