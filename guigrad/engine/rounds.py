"""A program played up to its training loop, step by step: a generator that can be left between two phases and entered again at any step.

Note [Playing on]
Everything beside the way to the training loop is played in blocks at full speed, as a plain run does. The loops on the way are driven
here: where each of them is (``place``) is known, so that another generator, of an edited document or after a moment was put back, can begin
there: it skips what lies before, and enters each loop at its round. Python's own iterators cannot be entered in the middle; what is no
sequence becomes a list when its loop begins.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

from guigrad.document.model import Branch, Item, Loop, Region, item_key, walk
from guigrad.engine.arguments import Refused
from guigrad.engine.block import Block, BreakError, LeftError, Row
from guigrad.engine.counted import Rounds
from guigrad.engine.phases import Piece, Within, parts_of, step_loops
from guigrad.engine.state import State
from guigrad.engine.values import MISSING

Place = tuple[tuple[str, int], ...]

START = "start"
"""What a generator yields before the first step."""

LEFT = "left"
"""What it yields behind the last step of a training that ``break`` has ended."""


END = object()


class Stop(Exception):
    """A step is left in the middle, after so many pieces."""

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces


class Course:
    """One pass over a program. ``at`` is the place to begin at, None the beginning; ``pieces`` how many pieces of a step are done there.

    Thread: the engine's.
    """

    def __init__(
        self,
        state: State,
        at: Place | None = None,
        step: int = 0,
        pieces: int = 0,
        before: Iterable[tuple[str, Rounds]] = (),
    ) -> None:
        self.state, self.plan = state, state.plan
        document = self.plan.document
        self.loops = step_loops(document, state.roles)
        self.step = step
        self.boundary = False
        self.by_pieces = False
        self.free = 0
        self.each: Callable[[int], None] | None = None
        self.check: Callable[[], bool] | None = None
        self.check_behind = "forward"
        self.after: Callable[[Piece], str] | None = None
        self.wants_more: Callable[[], bool] = lambda: False
        self.pieces = pieces
        self.rounds: list[tuple[str, Rounds]] = []
        self._before = dict(before)
        self._at, self._entered = at, False
        self._driven = _driven(document.program, self.loops)
        self._blocks: dict[int, tuple[tuple[Item, ...], list[Block | Item]]] = {}
        self._seek = list(at or ())
        self._begun = at is not None
        self.body: dict[str, tuple[Block, tuple[Any, ...]]] = {}
        self._last = self.loops[-1] if self.loops else ""

    @property
    def place(self) -> Place:
        """The loops that are being played and how many rounds each has begun, of the training loop: ended."""
        if self._at is not None and not self._entered:
            return self._at
        inside = self.pieces > 0
        return tuple(
            (key, rounds.index - (inside and at == len(self.rounds) - 1))
            for at, (key, rounds) in enumerate(self.rounds)
        )

    @property
    def standing(self) -> list[tuple[str, Rounds]]:
        """The rounds of the loops that are being played, or are to be entered."""
        return list(self.rounds) if self._entered or self._at is None else list(self._before.items())

    @property
    def ended(self) -> bool:
        """Whether the program as it is written has no more steps after the one that has just ended."""
        return bool(self.rounds) and self.rounds[-1][0] == self._last and all(one.ended for _, one in self.rounds)

    def over(self, more: bool) -> frozenset[str]:
        """The loops that are being played and have no more rounds; ``more``: one over a range is to go on past its end."""
        return frozenset(
            key
            for key, rounds in self.rounds
            if rounds.ended and not (more and rounds.on and type(rounds.items) is range)
        )

    @property
    def total(self) -> int | None:
        """How many steps the training loop that is played has, where that can be told: it stands in no other loop."""
        if len(self.loops) == 1 and len(self.rounds) == 1:
            return len(self.rounds[0][1].items)
        return None

    def play(self) -> Iterator[str]:
        """Yields a phase's name each time one has ended inside a step, and once more at the end of each step (``boundary``)."""
        yield from self._items(self.plan.document.program)

    # --- the way to the training loop ---

    def _items(self, items: tuple[Item, ...]) -> Iterator[str]:
        for part in self._parts(items):
            if self._seek:
                if isinstance(part, Block) or not self._leads(part):
                    continue
            elif isinstance(part, Block):
                part.run()
                continue
            match part:
                case Loop():
                    yield from self._loop(part)
                case Region():
                    with self.plan.context(part):
                        yield from self._items(part.body)
                case Branch():
                    yield from self._branch(part)

    def _leads(self, item: Any) -> bool:
        target = self._seek[0][0]
        return any(isinstance(inner, Loop) and inner.id == target for inner in walk((item,)))

    def _parts(self, items: tuple[Item, ...]) -> list[Block | Item]:
        known = self._blocks.get(id(items))
        if known is not None:
            return known[1]
        found: list[Block | Item] = []
        run: list[Item] = []
        for item in items:
            if id(item) in self._driven:
                if run:
                    found.append(self.block(tuple(run)))
                    run = []
                found.append(item)
            else:
                run.append(item)
        if run:
            found.append(self.block(tuple(run)))
        self._blocks[id(items)] = (items, found)
        return found

    def block(self, items: tuple[Item, ...]) -> Block:
        """Items at full speed. A stop is heard between steps, and a long one is ended with its process."""
        plan = self.plan
        cancelled, plan.cancelled = plan.cancelled, None
        try:
            return plan.block(items)
        finally:
            plan.cancelled = cancelled

    def _branch(self, item: Branch) -> Iterator[str]:
        if self._seek:
            target = self._seek[0][0]
            taken = any(isinstance(inner, Loop) and inner.id == target for inner in walk(item.body))
        else:
            for start in self.plan.starts(item.carried):
                start()
            taken = self._asked(item, self.plan.test(item))
        yield from self._items(item.body if taken else item.orelse)

    def _asked(self, item: Loop | Branch, get: Callable[[], Any]) -> Any:
        try:
            found = get()
            if isinstance(item, Branch):
                return bool(found)
            return Rounds(found, self._before.pop(item.id, None) if self._seek else None)
        except Exception:
            self.plan.failed = item_key(item)
            raise

    def _loop(self, item: Loop) -> Iterator[str]:
        plan = self.plan
        if item.var not in plan.document.nodes:
            plan.failed = item.id
            raise Refused("the loop's variable is not there")
        for carry in item.carried:
            if carry.port in plan.steps and (not self._seek or plan.value(carry.port) is MISSING):
                plan.steps[carry.port]()
        rounds = self._asked(item, plan.iterable(item))
        self.rounds.append((item.id, rounds))
        var, passes = plan.loop_var(item)
        trains = item.id in self.loops
        if self._last in {inner.id for inner in walk((item,)) if isinstance(inner, Loop)} and len(self.rounds) == 1:
            rounds.on = self.wants_more
        try:
            if self._seek:
                rounds.index = self._seek.pop(0)[1]
                if not trains and self._seek:  # else its round has ended
                    try:
                        yield from self._items(item.body)
                    except BreakError:
                        rounds.left = True
                    except LeftError:
                        pass
            if trains:
                yield from self._steps(item, rounds, var, passes)
            else:
                for value in () if rounds.left else rounds:
                    plan.env[var] = value
                    passes()
                    try:
                        yield from self._items(item.body)
                    except BreakError:
                        rounds.left = True
                        break
                    except LeftError:
                        continue
            if rounds.left and rounds.on is not None:
                yield LEFT
        finally:
            self.rounds.pop()

    # --- the training loop ---

    def _steps(self, item: Loop, rounds: Rounds, var: int, passes: Callable[[], None]) -> Iterator[str]:
        env = self.plan.env
        self._entered = True
        whole, parts = self._body(item)
        if not self._begun:
            self._begun = self.boundary = True
            yield START
        done = self.pieces
        if done:  # entered in the middle of a step: its round has begun
            next(rounds)
            if (yield from self._round(parts, done, rounds)):
                return
        rest = passes if self.plan.passes_on(item) else None
        while True:
            if self.by_pieces:
                value = next(rounds, END)
                if value is END:
                    return
                env[var] = value
                passes()
                if (yield from self._round(parts, 0, rounds)):
                    return
            else:
                said = yield from self._at_speed(whole, parts, rounds, var, rest)
                if said is END:
                    return

    def _at_speed(
        self, whole: Block, parts: tuple[Any, ...], rounds: Rounds, var: int, rest: Callable[[], None] | None
    ) -> Generator[str, None, object]:
        """Rounds at full speed, as long as they are wanted so. A step costs little beside what its nodes do: it says nothing up to ``free``."""
        env, running = self.plan.env, self.plan.running
        checked: Block | None = None
        while not self.by_pieces:
            checked = checked or (None if self.check is None else self._with_check(whole, parts))
            block = whole if checked is None else checked
            here: list[Any] = [block, Row([])]
            running.append(here)
            lasting = False
            try:
                for env[var] in rounds:
                    if rest is not None:
                        rest()
                    if not lasting:
                        here[1] = way = block.way()
                        play, lasting = way.play, way.lasting
                    play()
                    self.step += 1
                    if self.step >= self.free:
                        break
                    if self.each is not None:
                        self.each(self.step)
                else:
                    return END
            except Stop as stop:
                running.pop()
                self.pieces, self.boundary = stop.pieces, False
                yield "nan"
                if (yield from self._round(parts, stop.pieces, rounds)):
                    return END
                continue
            except LeftError as left:
                running.pop()
                rounds.left = isinstance(left, BreakError)
                yield self._ended()
                if rounds.left:
                    return END
                continue
            except BaseException as error:
                if self.plan.failed is None:
                    self.plan.failed = block.key(here[1], error)
                raise
            finally:
                if running and running[-1] is here:
                    running.pop()
            self.pieces, self.boundary = 0, True
            yield ""
        return None

    def _with_check(self, whole: Block, parts: tuple[Any, ...]) -> Block:
        """The calls of a step; behind its forward part (``check_behind``) ``check`` is asked whether to stop there."""
        at = 0
        found: tuple[int, int] | None = None
        for part, _ in parts:
            if isinstance(part, Within):
                at += 1
                continue
            at += len(part.items)
            if part.phase == self.check_behind and (part.last or part.phase == "step"):
                found = at, part.number + 1
        if found is None:
            return whole
        at, pieces = found

        def ask() -> None:
            if self.check is not None and self.check():
                raise Stop(pieces)

        calls, keys = whole.calls, whole.keys
        return Block(self.plan, [*calls[:at], ask, *calls[at:]], [*keys[:at], "", *keys[at:]])

    def _round(self, parts: tuple[Any, ...], skip: int, rounds: Rounds) -> Generator[str, None, bool]:
        """The pieces of a step behind the first few; whether the loop is left then."""
        try:
            yield from self._pieces(parts, skip)
        except LeftError as left:
            rounds.left = isinstance(left, BreakError)
        yield self._ended()
        return rounds.left

    def _ended(self) -> str:
        self.step += 1
        self.pieces = 0
        self.boundary = True
        return ""

    def _body(self, item: Loop) -> tuple[Block, tuple[Any, ...]]:
        if item.id not in self.body:
            parts = parts_of(self.plan.document, self.state.roles, item)
            self.body[item.id] = (self.block(item.body), tuple(self._built(part) for part in parts))
        return self.body[item.id]

    def _built(self, part: Piece | Within) -> Any:
        if isinstance(part, Piece):
            return part, self.block(part.items)
        return part, tuple(self._built(inner) for inner in part.pieces)

    def _pieces(self, parts: tuple[Any, ...], skip: int) -> Iterator[str]:
        for part, inner in parts:
            if isinstance(part, Within):
                if _numbers(part)[-1] >= skip:
                    with self.plan.context(part.region):
                        yield from self._pieces(inner, skip)
                continue
            if part.number < skip:
                continue
            inner.run()
            self.pieces = part.number + 1
            said = self.after(part) if self.after is not None else ""
            if said or part.last:
                self.boundary = False
                yield said or part.phase


def _numbers(part: Within) -> list[int]:
    found: list[int] = []
    for inner in part.pieces:
        found += [inner.number] if isinstance(inner, Piece) else _numbers(inner)
    return found or [-1]


def _driven(items: tuple[Item, ...], loops: tuple[str, ...]) -> set[int]:
    """The items (by ``id``) that are training loops or hold one."""
    found: set[int] = set()
    for item in items:
        if isinstance(item, Loop) and item.id in loops:
            found.add(id(item))
        elif isinstance(item, Loop | Region | Branch):
            inner = _driven(item.body, loops) | _driven(getattr(item, "orelse", ()), loops)
            if inner:
                found |= inner | {id(item)}
    return found
