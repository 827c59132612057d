"""What the window knows and does: every user intent is a verb of the Session. No Qt, no torch.

Note [Actions]
Verbs and live refreshes stand in one queue and are handed to the runner one action at a time, so that a refresh knows the
restore point it must start from. A refresh that has not begun takes later edits in (latest wins); a verb is never dropped. A refresh takes
the engine back to the state before the last sequence of verbs (which starts at each forward), tells it the edit, and plays the sequence
again: fifty moves of a slider after forward and backward leave the gradient of one backward.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any

from msgspec import Struct

from guigrad.document import edit as edits
from guigrad.document import file
from guigrad.document.check import check
from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.document.problem import Fix, Problem, ProblemError
from guigrad.document.store import Store
from guigrad.files.load import load
from guigrad.run.frame import Frame
from guigrad.run.request import (
    Backward,
    Edit,
    Forward,
    Gradient,
    Load,
    Look,
    OptimizerStep,
    Point,
    Reply,
    Reset,
    Restore,
    Run,
    Verb,
    Want,
    ZeroGrad,
)
from guigrad.run.runner import Runner

Post = Callable[[Callable[[], None]], None]
"""Has a call made in the session's thread, soon."""


class Event:
    """Something that happened; whoever connected is told, in the order they came."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[..., None]] = []

    def connect(self, callback: Callable[..., None]) -> Callable[[], None]:
        """Calls ``callback`` from now on; returns what stops it."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def tell(self, *what: object) -> None:
        """It happened."""
        for callback in tuple(self._callbacks):
            callback(*what)


class _Action(Struct):
    """One turn of the runner: a verb, an edit to follow, or another document to load."""

    verb: Verb | None = None
    diff: Diff | None = None
    load: bool = False


def _now(call: Callable[[], None]) -> None:
    call()


class Session:
    """One document, what was computed from it, and what the user does with both.

    Events: ``frame_changed(frame)``, ``document_changed(document, diff)``, ``problems_changed(problems)``,
    ``running_changed(running)``, ``selection_changed(ids)``, ``printed(texts)``, ``refused(problems)``, ``state_changed()`` (device, seed,
    x-ray, path). Thread: the one that made it; ``post`` brings the runner's answers there (default: the runner answers in it anyway).
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
        self.want = Want()
        self.device, self.seed = device, seed
        self.frame_changed, self.document_changed, self.problems_changed = Event(), Event(), Event()
        self.running_changed, self.selection_changed, self.printed = Event(), Event(), Event()
        self.refused, self.state_changed = Event(), Event()
        self._runner, self._post = runner, post
        self._queue: deque[_Action] = deque()
        self._pending = 0
        self._revision = store.revision
        self._told = store.revision
        self._sequence: list[Verb] = []
        self._base: Point | None = None
        self._point: Point | None = None
        self._said: tuple[Problem, ...] = ()
        self._checked: tuple[Document, tuple[Problem, ...]] | None = None
        self._resetting = False
        self._stop_listening = store.listen(self._follow)
        self._push(_Action(load=True))

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
        return self._pending > 0 or bool(self._queue)

    @property
    def fresh(self) -> bool:
        """Whether the frame was computed from the document as it is."""
        return self.frame is not None and self.frame.freshness[0] == self._revision

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the document, then what the last verb said. Checking 10,000 nodes takes a while: ask late."""
        if self._checked is None or self._checked[0] is not self.document:
            self._checked = (self.document, tuple(check(self.document)))
        return tuple(dict.fromkeys((*self._checked[1], *self._said)))

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

    def save(self, path: str | os.PathLike[str] | None = None) -> bool:
        """Writes the document to its file or another; False, and ``refused`` tells why, when it cannot be written."""
        name = os.fspath(path) if path is not None else self.path
        try:
            file.save(self.document, name)
        except OSError as error:
            text = f"{name}: {error.strerror or error}"
            self.refused.tell((Problem(text, kind="file", error=type(error).__name__),))
            return False
        self.store.saved_revision = self.store.revision
        self._told_path(name)
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
        maker = getattr(edits, fix.verb, None) if fix.verb in edits.EDITS else None
        if maker is not None:
            return self.edit(maker(*fix.args))
        if fix.verb not in FIXES:
            return False
        return getattr(self, fix.verb)(*fix.args) is not False

    # --- computing ---

    def forward(self, to: str | None = None) -> None:
        """Evaluates all nodes, or what ``to`` needs."""
        self._push(_Action(Forward(to)))

    def backward(
        self,
        roots: tuple[str, ...] | str = (),
        gradient: tuple[Gradient, ...] = (),
        retain_graph: bool | None = None,
        create_graph: bool = False,
    ) -> None:
        """``backward()`` from ``roots``, or from the document's root."""
        named = (roots,) if isinstance(roots, str) else tuple(roots)
        self._push(_Action(Backward(named, gradient, retain_graph, create_graph, xray=self.x_ray)))

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Every gradient to None, or to zeros."""
        self._push(_Action(ZeroGrad(set_to_none)))

    def optimizer_step(self) -> None:
        """The program's updates."""
        self._push(_Action(OptimizerStep()))

    def run(self) -> None:
        """The whole program, from fresh sources."""
        self._push(_Action(Run()))

    def reset(self) -> None:
        """As if just opened: no values, no gradients."""
        self._push(_Action(Reset()))

    def look(self, want: Want | None = None) -> None:
        """A frame of what there is; ``want`` is what frames shall carry from now on (other nodes came into view)."""
        if want is not None:
            self.want = want
        self._push(_Action(Look()))

    def stop(self) -> None:
        """Stops what runs and forgets the verbs that wait; edits stay."""
        self._queue = deque(action for action in self._queue if action.verb is None or isinstance(action.verb, Reset))
        self._runner.stop()

    def set_device(self, device: str | None) -> None:
        """Computes there from now on (None: the document's wish); nothing has run then."""
        self.device = device
        self._push(_Action(load=True))
        self.state_changed.tell()

    def set_seed(self, seed: int | None) -> None:
        """Overrides the program's seeds (None: the program's own); nothing has run then."""
        self.seed = seed
        self._push(_Action(load=True))
        self.state_changed.tell()

    def set_x_ray(self, on: bool) -> None:
        """Whether the gradients of intermediates are shown; a backward that was played is played again."""
        if on == self.x_ray:
            return
        self.x_ray = on
        self._sequence = [_with_x_ray(verb, on) for verb in self._sequence]
        if any(isinstance(verb, Backward) for verb in self._sequence):
            self._push(_Action(diff=Diff()))
        self.state_changed.tell()

    def close(self) -> None:
        """Ends the runner; the session is not used any more."""
        self._stop_listening()
        self._queue.clear()
        self._runner.close()

    # --- inside ---

    def _replace(self, document: Document) -> None:
        self._resetting = True
        try:
            self.store.reset(document)
        finally:
            self._resetting = False
        self._revision = self.store.revision
        self._queue.clear()
        self.frame = None
        self.select(())
        self._push(_Action(load=True))
        self.state_changed.tell()

    def _told_path(self, name: str) -> None:
        document = self.store.document
        if document.path != name:
            fields = {field: getattr(document, field) for field in document.__struct_fields__}
            self.store.document = Document(**{**fields, "path": name})
        self.state_changed.tell()

    def _follow(self, document: Document, diff: Diff) -> None:
        """The store has changed the document."""
        if not self._resetting and not diff.only_layout:
            self._revision = self.store.revision
            self._push(_Action(diff=diff))
        self.selection = self.selection & document.nodes.keys() if diff.nodes else self.selection
        self.document_changed.tell(document, diff)

    def _push(self, action: _Action) -> None:
        was = self.running
        last = self._queue[-1] if self._queue else None
        if action.load:
            self._queue = deque(waiting for waiting in self._queue if waiting.verb is not None)
            self._queue.append(action)
        elif action.diff is not None and last is not None and (last.diff is not None or last.load):
            if last.diff is not None:
                last.diff = last.diff.then(action.diff)
        elif isinstance(action.verb, Look) and last is not None:
            pass  # what comes after it brings a frame
        else:
            self._queue.append(action)
        self._next()
        if self.running != was:
            self.running_changed.tell(self.running)

    def _next(self) -> None:
        """Hands the next action to the runner if it has none."""
        while not self._pending and self._queue:
            action = self._queue.popleft()
            if action.load:
                self._sequence, self._base, self._point = [], None, None
                self._told = self._revision
                self._ask([Load(self.document, self._revision, self.device, self.seed)])
            elif action.diff is not None:
                self._refresh(action.diff)
            elif action.verb is not None:
                self._ask([action.verb])

    def _refresh(self, diff: Diff) -> None:
        """See Note [Actions]."""
        verbs: list[Verb] = []
        if diff:
            verbs.append(Edit(diff, self._told, self._revision))
            self._told = self._revision
        if self._sequence:
            verbs.append(Reset() if self._base is None else Restore(self._base))
            first, *others = self._sequence
            partial = isinstance(first, Forward) and self._base is not None
            verbs += [Forward(first.to, True) if partial and isinstance(first, Forward) else first, *others]
        if verbs:
            self._ask(verbs, replay=True)

    def _ask(self, verbs: list[Verb], replay: bool = False) -> None:
        self._pending += len(verbs)
        for index, verb in enumerate(verbs):
            last = index == len(verbs) - 1
            keeps = last or isinstance(verb, Restore | Reset)
            future = self._runner.submit(verb, self.want if last else None, keeps)
            future.add_done_callback(self._hop(verb, replay, last))

    def _hop(self, verb: Verb, replay: bool, last: bool) -> Callable[[Future[Reply]], None]:
        return lambda future: self._post(lambda: self._answered(verb, future.result(), replay, last))

    def _answered(self, verb: Verb, reply: Reply, replay: bool, last: bool) -> None:
        """One verb is done."""
        self._pending -= 1
        done = reply.frame is not None or reply.point is not None
        if replay and isinstance(verb, Restore | Reset) and self._sequence:
            self._base = reply.point or self._base
        elif not replay and done and not reply.cancelled:
            self._remember(verb)
        if reply.point is not None:
            self._point = reply.point
        if reply.prints:
            self.printed.tell(reply.prints)
        if last or reply.problems:
            said = self._said
            self._said = reply.problems
            if said != reply.problems:
                self.problems_changed.tell(self.problems)
        if reply.frame is not None and reply.frame.freshness[0] == self._revision:
            self.frame = reply.frame
            self.frame_changed.tell(reply.frame)
        self._next()
        if not self.running:
            self.running_changed.tell(False)

    def _remember(self, verb: Verb) -> None:
        """The sequence that a live refresh plays again starts at each forward."""
        match verb:
            case Forward():
                self._base, self._sequence = self._point, [verb]
            case Backward() | ZeroGrad() | OptimizerStep():
                if not self._sequence:
                    self._base = self._point
                self._sequence.append(verb)
            case Run() | Reset():
                self._base, self._sequence = None, []
            case _:
                pass


FIXES = ("forward", "backward", "zero_grad", "reset", "run", "set_device", "set_seed")
"""Session verbs that a fix may name."""


def _with_x_ray(verb: Verb, on: bool) -> Verb:
    if not isinstance(verb, Backward):
        return verb
    fields: dict[str, Any] = {name: getattr(verb, name) for name in verb.__struct_fields__}
    return Backward(**{**fields, "xray": on})
