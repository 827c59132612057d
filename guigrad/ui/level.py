"""The session as the window sees it: the main program, or the inside of the function that was entered.

Everything about one document (``document``, ``frame``, ``edit`` …) is about the open level; the rest is the session's own. ``whole`` is the
document that is saved. Thread: the GUI thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from msgspec import structs

from guigrad.document.diff import KEYED, Diff
from guigrad.document.follow import calls_of
from guigrad.document.model import Document, callee
from guigrad.document.problem import Fix, Problem, ProblemError
from guigrad.document.scope import inside, lift, owners, within
from guigrad.run.frame import Frame, Record
from guigrad.run.listen import Event
from guigrad.run.request import Want
from guigrad.session import Session

Way = tuple[str, ...]
"""The calls that were entered, the outermost first; () is the main program."""
INSTANCES: Final = 200
"""Ways to a function that are listed at most."""


class Level:
    """One session at one level. ``level_changed(path)`` tells when another level is open."""

    def __init__(self, session: Session) -> None:
        self.base = session
        self.way: Way = ()
        self.level_changed, self.document_changed, self.frame_changed = Event(), Event(), Event()
        self._shown = session.document
        self._frame: tuple[Frame | None, Way, Frame | None] = (None, (), None)
        self._stops = [
            session.document_changed.connect(self._on_document),
            session.frame_changed.connect(lambda frame: self.frame_changed.tell(self.frame)),
        ]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.base, name)

    # --- what there is ---

    @property
    def whole(self) -> Document:
        """The whole document, functions included."""
        return self.base.document

    @property
    def function(self) -> str:
        """The id of the function that is open, "" for the main program."""
        return self._function(self.way) or ""

    @property
    def document(self) -> Document:
        """What the open level holds."""
        return inside(self.whole, self.function)

    @property
    def frame(self) -> Frame | None:
        """The values of the instance that is open."""
        frame = self.base.frame
        if self._frame[0] is not frame or self._frame[1] != self.way:
            seen = seen_from(frame, self.way, self.function) if frame is not None else None
            self._frame = (frame, self.way, seen and with_ports(seen, self.document))
        return self._frame[2]

    def seen(self, frame: Frame) -> Frame:
        """Another frame of the session: the values of the instance that is open, without what is to be guessed."""
        return seen_from(self.base.exercise.veil(frame), self.way, self.function)

    @property
    def want(self) -> Want:
        """What frames carry of this level."""
        want: Want = self.base.want
        if want.nodes is None or not self.way:
            return want
        start = _prefix(self.way)
        return structs.replace(want, nodes=tuple(key[len(start) :] for key in want.nodes if key.startswith(start)))

    def look(self, want: Want | None = None) -> None:
        """A frame of what is in view here."""
        self.base.look(want and self._wanted(want))

    def want_only(self, want: Want) -> None:
        """What frames shall carry from the next one on."""
        self.base.want_only(self._wanted(want))

    def _wanted(self, want: Want) -> Want:
        if want.nodes is None or not self.way:
            return want
        return structs.replace(want, nodes=tuple(_prefix(self.way) + key for key in want.nodes))

    # --- changing ---

    def edit(self, edit: Callable[[Document], Diff] | Diff) -> bool:
        """Changes what the open level holds."""
        try:
            diff = edit if isinstance(edit, Diff) else edit(self.document)
            return self.base.edit(lift(self.whole, self.function, diff))
        except ProblemError as error:
            self.base.refused.tell(error.problems)
            return False

    def edit_whole(self, edit: Callable[[Document], Diff] | Diff) -> bool:
        """Changes the whole document."""
        return self.base.edit(edit)

    def apply_fix(self, fix: Fix) -> bool:
        """Does what a problem's fix says, also to a node inside a function."""
        inner = self._edit_inside(fix)
        return self.base.apply_fix(fix) if inner is None else self.base.edit(inner)

    def edit_of(self, fix: Fix) -> Callable[[Document], Diff] | None:
        """The edit of the whole document that a fix is; None for one that changes no document."""
        from guigrad.document.edit_of import edit_of  # late: it reads the op table

        return self._edit_inside(fix) or edit_of(fix, self.whole)

    def _edit_inside(self, fix: Fix) -> Callable[[Document], Diff] | None:
        from guigrad.document import edit as edits  # late: it reads the op table

        key = str(fix.args[0]).rpartition("/")[2] if fix.args else ""
        owner = owners(self.whole).get(key)
        if owner is None or fix.verb not in edits.__all__:
            return None
        return within(owner, getattr(edits, fix.verb)(key, *fix.args[1:]))

    # --- levels ---

    def enter(self, call: str) -> bool:
        """Opens the function that a node calls; False if it calls none."""
        node = self.document.nodes.get(call)
        if node is None or callee(node) not in self.whole.functions:
            return False
        return self.go((*self.way, call))

    def leave(self) -> bool:
        """Opens the level around this one; the call that was inside is selected."""
        if not self.way:
            return False
        call = self.way[-1]
        self.go(self.way[:-1])
        self.base.select((call,))
        return True

    def go(self, path: Way) -> bool:
        """Opens a level."""
        if path == self.way or self._function(path) is None:
            return False
        self.base.select(())
        self.way = path
        self._shown = self.document
        self.level_changed.tell(path)
        return True

    def place(self, key: str) -> tuple[Way, str] | None:
        """Where a node is: the level, and its id there. ``key`` is an id, or calls and an id joined by ``/``."""
        *calls, last = key.split("/")
        path = tuple(calls)
        if path:
            return (path, last) if self._function(path) is not None else None
        owner = owners(self.whole).get(last, "") if last not in self.document.nodes else self.function
        if owner == self.function:
            return self.way, last
        if not owner:
            return (), last
        return next(((each, last) for each in self.instances(owner)), None)

    def instances(self, function: str) -> list[Way]:
        """The ways into a function, in program order, those from here first."""
        found = list(self._ways(function, (), "", 0))
        here = [path for path in found if path[: len(self.way)] == self.way]
        return here + [path for path in found if path not in here]

    def title(self, path: Way) -> str:
        """What the last call of a way is called: its name, else what it calls."""
        node = self.whole.nodes[path[-1]]
        called = self.whole.functions[callee(node) or ""].name
        names = [name for name in (node.name, *node.outputs) if name]
        return f"{', '.join(names)} = {called}(…)" if names else f"{called}(…)"

    def pinned(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """The problems as the cards of this level bear them: what is wrong inside a function is pinned on its calls too."""
        if not self.whole.functions:
            return problems
        found: list[Problem] = []
        inner, start = owners(self.whole), _prefix(self.way)
        for problem in problems:
            key = problem.node_id
            if "/" in key:
                if key.startswith(start):
                    rest = key[len(start) :]
                    found.append(
                        self._on_call(problem, rest) if "/" in rest else structs.replace(problem, node_id=rest)
                    )
            elif inner.get(key, "") == self.function or not key:
                found.append(problem)
            else:
                found += [self._on_call(problem, f"{call}/{key}") for call in self._calls_to(inner.get(key, ""))]
        return tuple(found)

    def _on_call(self, problem: Problem, rest: str) -> Problem:
        call = rest.partition("/")[0]
        node = self.whole.nodes.get(call)
        function = self.whole.functions.get(callee(node) or "") if node is not None else None
        within_ = f"inside {function.name}: " if function is not None else ""
        return structs.replace(problem, node_id=call, message=within_ + problem.message)

    def _calls_to(self, function: str) -> list[str]:
        """The calls of this level that lead to a function."""
        start = len(self.way)
        ways = self._ways(function, self.way, self.function, 0)
        return list(dict.fromkeys(way[start] for way in ways if len(way) > start))

    def _ways(self, function: str, path: Way, here: str, found: int) -> Iterator[Way]:
        """Every way from a level down into a function."""
        if here == function and path:
            yield path
            return
        if len(path) > len(self.whole.functions):
            return
        inner = owners(self.whole)
        if not self._reaches(here, function):
            return
        count = 0
        for node in inside(self.whole, here).nodes.values():
            called = callee(node)
            if called in self.whole.functions and inner.get(node.id, "") == here:
                for way in self._ways(function, (*path, node.id), called or "", found + count):
                    yield way
                    count += 1
                    if found + count >= INSTANCES:
                        return

    def _reaches(self, here: str, function: str) -> bool:
        """Whether a function is called from a level, at once or through others."""
        inner, seen, stack = owners(self.whole), {function}, [function]
        while stack:
            for call in calls_of(self.whole, stack.pop()):
                owner = inner.get(call.id, "")
                if owner == here:
                    return True
                if owner not in seen:
                    seen.add(owner)
                    stack.append(owner)
        return False

    def _function(self, path: Way) -> str | None:
        """The function at the end of a way; None if the way is not there."""
        document, inner, function = self.whole, owners(self.whole) if path else {}, ""
        for call in path:
            node = document.nodes.get(call)
            called = callee(node) if node is not None else None
            if called not in document.functions or inner.get(call, "") != function:
                return None
            function = called or ""
        return function

    def _on_document(self, document: Document, diff: Diff) -> None:
        before, path = self._shown, self.way
        if not diff.label:
            self.way = ()
        while self._function(self.way) is None:
            self.way = self.way[:-1]
        self._shown = self.document
        if self.way != path and diff.label:
            self.level_changed.tell(self.way)
            return
        shown = (
            diff
            if not self.way and not diff.functions and not document.functions
            else between(before, self._shown, diff)
        )
        self.document_changed.tell(self._shown, shown)
        if self.way != path:
            self.level_changed.tell(self.way)

    def close(self) -> None:
        """Stops listening and ends the session."""
        for stop in self._stops:
            stop()
        self.base.close()


def between(before: Document, after: Document, diff: Diff) -> Diff:
    """A change of the whole document as the level that was ``before`` and is ``after`` sees it."""
    tables: dict[str, dict[str, tuple[Any, Any]]] = {}
    for name in KEYED:
        old, new = getattr(before, name), getattr(after, name)
        keys = set(getattr(diff, name))
        if diff.functions:
            keys |= old.keys() ^ new.keys()
            keys |= {key for key in diff.functions if key in new and name == "nodes"}
        changes = {key: (old.get(key), new.get(key)) for key in keys}
        tables[name] = {key: change for key, change in changes.items() if change[0] != change[1]}
    moved = before.program is not after.program and (diff.program is not None or bool(diff.functions))
    return structs.replace(diff, program=(before.program, after.program) if moved else None, **tables)


def seen_from(frame: Frame, path: Way, function: str) -> Frame:
    """The values of one instance of a function, by the ids of its body."""
    if not path:
        return frame
    start = _prefix(path)
    records: dict[str, Record] = {}
    for key, record in frame.records.items():
        if key.startswith(start):
            records[key[len(start) :]] = record
    result = frame.records.get("/".join(path))
    if result is not None:
        records.setdefault(function, result)
    labels = {label: key[len(start) :] for label, key in frame.labels.items() if key.startswith(start)}
    return structs.replace(frame, records=records, labels=labels)


def with_ports(frame: Frame, document: Document) -> Frame:
    """The frame with what came back along the wires that end at calls: inside, that is what came out of the parameters."""
    ends: dict[str, tuple[str, str]] = {}
    for node in document.nodes.values():
        function = document.functions.get(callee(node) or "")
        call = frame.records.get(node.id) or frame.records.get(f"{node.id}[0]")
        if function is None or call is None or node.signature is None:
            continue
        label = call.label.partition("[")[0]
        names = [param.name for param in node.signature.params]
        for key, name in zip((*function.params, *function.captures), names, strict=False):
            inner = frame.records.get(f"{node.id}/{key}")
            if inner is not None:
                ends[inner.label] = (call.label if label == call.label else label, name)
    if not ends:
        return frame
    found = {
        (source, *ends[reader]): data
        for (source, reader, path), data in frame.contributions.items()
        if path == "value" and reader in ends
    }
    return structs.replace(frame, contributions={**frame.contributions, **found})


def _prefix(path: Way) -> str:
    return "/".join(path) + "/" if path else ""
