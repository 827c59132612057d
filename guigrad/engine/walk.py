"""One watched pass over a program: node by node, with everything that a frame wants to know about each."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from guigrad.document.closures import closures
from guigrad.document.model import Branch, Eval, In, Item, Loop, Region, item_key, walk, wires_in
from guigrad.document.problem import Problem
from guigrad.document.tree import defined
from guigrad.engine.arguments import NotWired
from guigrad.engine.build import Cancelled
from guigrad.engine.device import Ambient
from guigrad.engine.effects import is_seed
from guigrad.engine.explain import explain, warned
from guigrad.engine.mixed import refuse_mixed
from guigrad.engine.state import State
from guigrad.engine.stretch import Stretch, parts_of
from guigrad.engine.values import MISSING


class Walk:
    """Plays items one at a time; a node that fails is reported, and what does not depend on it still runs.

    ``todo`` None means everything whose role is in ``played``. ``partial`` restores each node's own random state. ``once``: loop
    bodies are played once, with the first value of their variable. ``ambient`` gives the session's random numbers when something
    draws; without it they are in place. ``dead``: keys of what cannot be run (see document.recorded).
    """

    def __init__(
        self,
        state: State,
        label: Callable[[str], str],
        todo: set[str] | None = None,
        played: tuple[str, ...] = ("play",),
        partial: bool = False,
        dead: frozenset[str] = frozenset(),
        cancelled: Callable[[], bool] | None = None,
        ambient: Ambient | None = None,
    ) -> None:
        self.state, self.plan, self.label = state, state.plan, label
        self.todo, self.played, self.partial, self.cancelled = todo, played, partial, cancelled
        self.dead = dead
        self.calls = closures(state.plan.document)
        self.bad: set[str] = set()
        self.empty: set[str] = set()
        self.problems: list[Problem] = []
        self._now = ""
        self._keys: tuple[str, ...] = ()
        self._calls: Any = iter(())
        self._generator = torch.default_generator
        self._ambient = ambient
        self._before: torch.Tensor | None = None
        self._drawn = self._moved = False

    def play(self) -> None:
        """Plays the whole program. Raises Cancelled when it was stopped."""
        always = torch.is_warn_always_enabled()
        torch.set_warn_always(True)
        try:
            with self.catching(lambda: self.key):
                self._items(self.plan.document.program)
        finally:
            torch.set_warn_always(always)
            if self._before is not None:
                self._generator.set_state(self._before)

    @contextmanager
    def catching(self, now: Callable[[], str]) -> Iterator[None]:
        """Warnings become problems of the item that ``now()`` names."""

        def warn(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
            self._warn(now(), message, category)

        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = warn
            yield

    def _warn(self, key: str, message: Warning | str, category: type[Warning]) -> None:
        problem = warned(str(message), category, key, self.plan.document, self.label)
        known = self.state.problems.get(key, ())
        if all(problem.message != other.message for other in known):
            self.state.problems[key] = (*known, problem)

    @property
    def key(self) -> str:
        """The item that is running."""
        return self._keys[len(self._keys) - 1 - self._calls.__length_hint__()] if self._keys else self._now

    def _items(self, items: tuple[Item, ...]) -> None:
        todo, status, bad = self.todo, self.state.status, self.bad
        whole = todo is None and self.played == ("play",) and not self.dead
        for item in parts_of(self.state, items) if whole else items:
            if todo is not None and type(item) is Eval and item.node not in todo:
                if status.get(item.node) != "fresh":
                    bad.add(item.node)
                continue
            match item:
                case Stretch():
                    self._stretch(item)
                case Loop() | Branch():
                    self._compound(item)
                case Region():
                    self._region(item)
                case _:
                    self._node(item.node)

    def _stretch(self, stretch: Stretch) -> None:
        """Plays nodes that need no watching. See Note [Stretches]."""
        if self.bad or self.empty:
            for key in stretch.keys:
                self._node(key)
            return
        state = self.state
        if self.cancelled is not None and self.cancelled():
            raise Cancelled
        if state.problems:
            for key in stretch.keys:
                state.problems.pop(key, None)
        self._keys, self._calls = stretch.keys, iter(stretch.steps)
        try:
            for step in self._calls:
                step()
        except BaseException as error:
            done = len(stretch.keys) - 1 - self._calls.__length_hint__()
            self._keys = ()
            stretch.settle_each(state, done)
            if not isinstance(error, Exception):
                raise
            self._failed(stretch.keys[done], error)
            for key in stretch.keys[done + 1 :]:
                self._node(key)
            return
        self._keys = ()
        stretch.settle(state)

    def _node(self, key: str) -> None:
        state = self.state
        if (self.todo is not None and key not in self.todo) or key not in self.plan.document.nodes:
            if state.status.get(key) != "fresh":
                self.bad.add(key)
            return
        if self.cancelled is not None and self.cancelled():
            raise Cancelled
        if key in self.dead:
            self._not_run(key)
            return
        facts = state.facts(key)
        if self.bad and not self.bad.isdisjoint(facts.reads):
            self._not_run(key)
            return
        if state.role(key) not in self.played:
            self._pass_on(key)
            return
        if self.empty and not self.empty.isdisjoint(facts.reads) and not self._may_read_none(key):
            self._not_run(key)
            return
        if (key in state.sources or facts.keepable or key in state.made_from) and state.is_kept(key):
            self._advance_random(key)
            return
        if facts.in_place:
            state.before_change(key)
        self._now = key
        if state.problems:
            state.problems.pop(key, None)
        before = self._random_before(key) if facts.random else None
        try:
            self.plan.steps[key]()
            if self.plan.meta:
                refuse_mixed(self.plan.document.nodes[key], self.plan)
        except Exception as error:
            self._failed(key, error)
            return
        state.status[key] = "fresh"
        state.pristine.pop(key, None)
        state.made(key)
        if before is not None:
            state.random[key] = (before, self._generator.get_state())
        if self.calls:
            self._called(key)
        if facts.reads_grad and self.plan.value(key) is None:
            self.empty.add(key)

    def _called(self, key: str) -> None:
        """What a step that was given a function has played in it."""
        for wire in self.plan.document.nodes[key].inputs():
            region = self.calls.get(wire.node or "")
            for inner in defined(region) if region is not None else ():
                if inner != wire.node and self.plan.value(inner) is not MISSING:
                    self.state.status[inner] = "fresh"
                    self.bad.discard(inner)
                    self.state.problems.pop(inner, None)
                    self.state.made(inner)

    def _may_read_none(self, key: str) -> bool:
        op = self.plan.document.nodes[key].op
        return op in ("operator.is_", "operator.is_not", "operator.eq", "operator.ne") or op.startswith("python.")

    def _not_run(self, key: str) -> None:
        self.bad.add(key)
        self.state.forget(key)
        self.plan.env[self.plan.whole(key)] = MISSING

    def _failed(self, key: str, error: Exception) -> None:
        self._not_run(key)
        problem = explain(error, key, self.plan.document, self.label, self.plan.read)
        if not isinstance(error, NotWired):  # nothing has failed yet: something is left to do
            self.state.status[key] = "failed"
        self.state.problems[key] = (problem,)
        self.problems.append(problem)

    def _pass_on(self, key: str) -> None:
        """A node that is left out: what an in-place change would have given is the tensor as it is."""
        node = self.plan.document.nodes[key]
        if not self.state.facts(key).in_place or not node.args or not isinstance(node.args[0], In):
            if self.state.status.get(key) != "fresh":
                self.bad.add(key)
            return
        value = self.plan.read(node.args[0])
        if value is MISSING:
            self.bad.add(key)
            return
        self.plan.put(key, value)
        self.state.status[key] = "fresh"

    # --- random numbers ---

    def _random_before(self, key: str) -> torch.Tensor:
        """The random state that a node starts from; in a partial run its own of the last time, else that of the node before it."""
        self._draw()
        self._move()
        self.state.passed.pop(key, None)
        if self.partial and not is_seed(self.plan.document.nodes[key]):
            known = self.state.random.get(key)
            if known is not None:
                self._generator.set_state(known[0])
            else:
                for other in reversed(self.state.order[: self.state.order.index(key)]):
                    if other in self.state.random:
                        self._generator.set_state(self.state.random[other][1])
                        break
        return self._generator.get_state()

    def _advance_random(self, key: str) -> None:
        """A kept source drew its numbers before: those behind it draw the same ones again under the same seed."""
        known = self.state.random.get(key)
        if known is None or self.partial:
            return
        passed, turn = self.state.passed, -1 if self._ambient is None or self._moved else self._ambient.turn
        if turn >= 0 and passed.get(key) == turn:
            return
        self._draw()
        if torch.equal(self._generator.get_state(), known[0]):
            self._generator.set_state(known[1])
            self._move()
        elif turn >= 0:
            passed[key] = turn

    def _draw(self) -> None:
        """The random numbers of the session are about to be looked at; a partial run gives them back as they were."""
        if not self._drawn:
            self._drawn = True
            if self._ambient is not None:
                self._ambient.draw()
            if self.partial:
                self._before = self._generator.get_state()

    def _move(self) -> None:
        """The random state is another from now on."""
        self._moved = True
        if self._ambient is not None:
            self._ambient.turn += 1

    # --- items with bodies ---

    def _untouched(self, item: Loop | Branch) -> bool:
        if self.todo is None:
            return False
        inside = {item_key(inner) for inner in walk((item,))} | {carry.port for carry in item.carried}
        return inside.isdisjoint(self.todo)

    def _compound(self, item: Loop | Branch) -> None:
        plan, env = self.plan, self.plan.env
        if self._untouched(item):
            return
        if item.id in self.dead:
            self._body_not_run(item.body + getattr(item, "orelse", ()), item)
            return
        for carry in item.carried:
            self._carry(carry.port)
        self._now = item.id
        self.state.problems.pop(item.id, None)
        try:
            if isinstance(item, Loop):
                if item.var not in plan.document.nodes:
                    return
                at, passes = plan.loop_var(item)
                if not self._readable(item.iter):
                    self._body_not_run(item.body, item)
                    return
                for env[at] in plan.iterable(item)():
                    passes()
                    self.state.status[item.var] = "fresh"
                    break
                else:
                    self._body_not_run(item.body)
                    return
                body, other = item.body, item.body[:0]
            else:
                if not self._readable(item.test):
                    self._body_not_run(item.body + item.orelse, item)
                    return
                body, other = (item.body, item.orelse) if plan.test(item)() else (item.orelse, item.body)
        except Exception as error:
            problem = explain(error, item.id, plan.document, self.label, plan.read)
            self.state.problems[item.id] = (problem,)
            self.problems.append(problem)
            self._body_not_run(item.body + getattr(item, "orelse", ()), item)
            return
        self._items(body)
        self._body_not_run(other)
        for carry in item.carried:
            if any(wire.node in self.bad for wire in carry.updates) and plan.value(carry.port) is MISSING:
                self.bad.add(carry.port)

    def _readable(self, value: Any) -> bool:
        return all(wire.node not in self.bad for wire in wires_in(value))

    def _carry(self, port: str) -> None:
        if port not in self.plan.document.nodes:
            return
        if not self.bad.isdisjoint(self.state.facts(port).reads):
            self._not_run(port)
            return
        try:
            self.plan.steps[port]()
            self.state.status[port] = "fresh"
        except Exception as error:
            self._failed(port, error)

    def _body_not_run(self, items: tuple[Item, ...], item: Loop | Branch | None = None) -> None:
        for inner in walk(items):
            key = getattr(inner, "node", None)
            if key is not None and key in self.plan.document.nodes:
                self._not_run(key)
        if item is not None:
            for carry in item.carried:
                self._not_run(carry.port)

    def _region(self, item: Region) -> None:
        self._now = item.id
        self.state.problems.pop(item.id, None)
        try:
            context = self.plan.context(item)
        except Exception as error:
            problem = explain(error, item.id, self.plan.document, self.label, self.plan.read)
            self.state.problems[item.id] = (problem,)
            self.problems.append(problem)
            self._body_not_run(item.body)
            return
        with context:
            self._items(item.body)
