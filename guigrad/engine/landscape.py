"""The loss over a plane through the leaves of a program, or along one of their entries.

Note [Landscape]
A point of the landscape is the program's own loss, played op by op (Note [Replay] in engine/replay) with two entries of leaves at other values, or with
all that train moved along two directions. Random directions are those of Li et al. 2018: each is drawn from a normal distribution and scaled, unit by
unit, to the norm of the weights: rows of a matrix or of a filter bank, columns where a matrix stands at the right of a product, a vector as a whole, all
single numbers together.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextlib import nullcontext
from hashlib import blake2b
from time import perf_counter
from typing import TYPE_CHECKING

import torch

from guigrad.document.model import In
from guigrad.document.problem import Problem
from guigrad.engine.between import NoFunction
from guigrad.engine.directions import check, flat, pca_plane, random_plane
from guigrad.engine.explain import explain
from guigrad.engine.jacobian import quiet, stop_if_asked
from guigrad.engine.objective import RUN, Wrong, entry_name, leaf_of, loss_of, name_of, number_of, view_key
from guigrad.engine.replay import Part, Replay
from guigrad.engine.values import MISSING, array_of, copy_of, dtype_name, tensor_of, tensors_in
from guigrad.run.landscape import AskLandscape, Entry, Landscape, Leaf, Plane

if TYPE_CHECKING:
    from guigrad.engine.play import Engine

LARGEST = 2_000_000
"""Directions of more numbers would take longer to send than to evaluate."""
HASHED = 1 << 22
"""Of tensors of more elements the key holds what tells whether they were changed, not what they hold."""
_ENTRY = re.compile(r"(?P<name>.+?)\s*\[(?P<index>[-\d,\s\[\]]*)\]")
_PRODUCTS = ("operator.matmul", "torch.matmul", "torch.mm", "torch.Tensor.matmul", "torch.Tensor.mm", "torch.Tensor.__matmul__")  # fmt: skip

Values = dict[int, torch.Tensor]


def landscape(engine: Engine, ask: AskLandscape) -> Landscape:
    """The answer; what cannot be had is told in ``problems``. Raises: Cancelled. Thread: the engine's, inside ``engine.asking()``."""
    leaves: tuple[Leaf, ...] = ()
    try:
        end, label = loss_of(engine, ask.of)
        part = Part(engine, end)
        leaves = tuple(leaf_of(engine, value, keys) for value, keys in part.groups.values())
        surface = Surface(engine, part, ask)
        return surface.answer(label, leaves)
    except Wrong as error:
        return Landscape(leaves=leaves, problems=(error.problem,))
    except NoFunction as error:
        return Landscape(leaves=leaves, problems=(Problem(str(error), "landscape"),))


class Surface:
    """One plane through the leaves. ``at(a, b)`` is the loss at a point of it."""

    def __init__(self, engine: Engine, part: Part, ask: AskLandscape) -> None:
        self.engine, self.part, self.ask = engine, part, ask
        self.plane: Plane | None = None
        self.x: Entry | None = None
        self.y: Entry | None = None
        self.values: Callable[[float, float], Values]
        self.error = ""
        moved = self._entries() if ask.kind in ("entries", "line") else self._directions()
        self.replay = Replay(part, moved)
        self.moved = moved
        self._settle_mode()

    def at(self, a: float, b: float) -> float:
        """The loss at a point; NaN where an op refuses it."""
        try:
            return number_of(self.replay(self.values(a, b)))
        except Wrong:
            raise
        except Exception as error:
            if not self.error:
                problem = explain(
                    error, self.replay.failed, self.engine.document, self.engine.label, self.engine.plan.read
                )
                self.error = f"{problem.node}: {problem.message}" if problem.node else problem.message
            return math.nan

    def answer(self, label: str, leaves: tuple[Leaf, ...]) -> Landscape:
        """The loss here and at what was asked."""
        ask, until = self.ask, perf_counter() + self.ask.seconds
        here = self.here()
        loss = self._now
        found: list[float] = []
        with quiet(), self.replay.mode():
            for a, b in ask.points:
                stop_if_asked(self.engine)
                found.append(self.at(a, b))
                if perf_counter() > until:
                    break
        return Landscape(
            label, self.x, self.y, self.plane if ask.plane is None else None, here, loss, leaves, tuple(found), self.key(), self.error,
            self.replay.random,
        )  # fmt: skip

    def here(self) -> tuple[float, float]:
        """Where the leaves are on the plane; of directions the nearest point."""
        if self.x is not None:
            return self._entry_value(self.x), self._entry_value(self.y) if self.y is not None else 0.0
        assert self.plane is not None
        first, second, away = self._flat()
        a, b, c = float(first @ first), float(first @ second), float(second @ second)
        u, v = float(first @ away), float(second @ away)
        area = a * c - b * b
        return (u * c - v * b) / area, (v * a - u * b) / area

    def key(self) -> str:
        """See Landscape."""
        made = blake2b(digest_size=12)
        plan, document = self.engine.plan, self.engine.document
        for key in sorted(self.replay.run):
            made.update(repr(document.nodes[key]).encode())
        for key in sorted(self.replay.kept):
            for tensor in tensors_in(plan.value(key)):
                _digest(made, tensor)
            if not tensors_in(plan.value(key)):
                made.update(repr(plan.value(key)).encode()[:1000])
        if self.entries:
            made.update(repr((self.x, self.y)).encode())
            for one in self.moved:
                tensor = copy_of(self.part.groups[one][0])
                for entry in self.entries:
                    if entry.leaf == self._id(one):
                        tensor[entry.index] = 0.0
                _digest(made, tensor)
        elif self.plane is not None:
            for array in (*self.plane.origin, *self.plane.first, *self.plane.second):
                made.update(array.data)
        return made.hexdigest()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries that are varied; none where directions are."""
        return tuple(entry for entry in (self.x, self.y) if entry is not None)

    # --- planes ---

    def _entries(self) -> tuple[int, ...]:
        ask, groups = self.ask, self.part.groups
        names = [ask.x] if ask.kind == "line" else [ask.x, ask.y]
        if not all(names):
            free = iter([name for name in self._first_entries() if name not in names])
            names = [given or next(free, "") for given in names]
        self.x, *others = (self._entry(name) for name in names if name)
        self.y = others[0] if others else None
        if self.y is not None and (self.x.leaf, self.x.index) == (self.y.leaf, self.y.index):
            raise Wrong(f"{self.x.name} is on both axes.", "Choose another entry for one of them.")
        places = [(self._tensor(entry), entry.index) for entry in self.entries]
        moved = tuple(dict.fromkeys(one for one, _ in places))
        once: list[tuple[Values, list[torch.Tensor]]] = []

        def make() -> tuple[Values, list[torch.Tensor]]:
            made = {one: copy_of(groups[one][0]) for one in moved}
            spots = [made[one][index] for one, index in places]
            return {one: _as(tensor, groups[one][0]) for one, tensor in made.items()}, spots

        def values(a: float, b: float) -> Values:
            if self.replay.graph or self.replay.changes or not once:
                once[:] = [make()]
            made, spots = once[0]
            with torch.no_grad() if self.replay.graph else nullcontext():
                for spot, number in zip(spots, (a, b), strict=False):
                    spot.fill_(number)
            return made

        self.values = values
        return moved

    def _first_entries(self) -> list[str]:
        found: list[str] = []
        groups = sorted(self.part.groups.values(), key=lambda group: not group[0].requires_grad)
        trained = [group for group in groups if group[0].requires_grad]
        for value, keys in trained or groups:
            name = name_of(self.engine, keys)
            for place in range(min(2, value.numel())):
                found.append(entry_name(name, tuple(value.shape), place))
        if not found:
            raise Wrong("No floating-point leaf leads to the loss: a landscape varies entries of them.", _SOME)
        return found

    def _entry(self, text: str) -> Entry:
        text = text.strip()
        match = _ENTRY.fullmatch(text)
        one = self._find(text)
        index: tuple[int, ...] = ()
        if one is None and match is not None:
            one = self._find(match["name"].strip())
            parts = match["index"].replace("][", ",").split(",")
            try:
                index = tuple(int(part) for part in parts if part.strip())
            except ValueError:
                raise Wrong(f"{text!r} is no entry.", "Write a name and its indices: w[0], w[1, 2], b.") from None
        name = text if match is None else match["name"].strip()
        if one is None:
            self._explain_missing(name)
        assert one is not None
        value, keys = self.part.groups[one]
        shape = tuple(value.shape)
        if not index and value.numel() == 1:
            index = (0,) * len(shape)
        if len(index) != len(shape) or any(not -size <= at < size for at, size in zip(index, shape, strict=True)):
            size = " × ".join(map(str, shape)) or "a single number"
            example = entry_name(name, shape, value.numel() - 1) if value.numel() else name
            raise Wrong(f"{text} is no entry of {name}: it is {size}.", f"Its last entry is {example}.")
        index = tuple(at % size for at, size in zip(index, shape, strict=True))
        flat = sum(at * math.prod(shape[k + 1 :]) for k, at in enumerate(index))
        return Entry(entry_name(name_of(self.engine, keys), shape, flat), view_key(self.engine, keys), index)

    def _find(self, name: str) -> int | None:
        """The leaf of that name, by the tensor that it is."""
        engine = self.engine
        value = engine.value(name)
        if value is not MISSING and id(value) in self.part.groups:
            return id(value)
        for one, (_, keys) in self.part.groups.items():
            if any(name in (key, engine.label(key), engine.document.nodes[key].name) for key in keys):
                return one
        return None

    def _explain_missing(self, name: str) -> None:
        engine = self.engine
        value = engine.value(name)
        if engine.names.find(name) is None:
            raise Wrong(f"There is no node {name!r} in this document.", self._choices())
        if value is MISSING:
            raise Wrong(f"{name} has not run yet.", fixes=RUN)
        if not isinstance(value, torch.Tensor):
            raise Wrong(f"{name} is no tensor: a landscape varies entries of tensors.", self._choices())
        if not value.is_floating_point():
            raise Wrong(
                f"{name} holds {dtype_name(value.dtype)}: only real floating-point entries can be varied.",
                self._choices(),
            )
        place = engine.names.find(name)
        if place is not None and any(value is one for one, _ in Part(engine, In(place[0])).groups.values()):
            raise Wrong(f"The loss does not depend on {name}.", self._choices())
        raise Wrong(f"{name} is computed: a landscape varies leaves.", self._choices())

    def _choices(self) -> str:
        names = [name_of(self.engine, keys) for _, keys in self.part.groups.values()]
        return f"What leads to the loss: {', '.join(names[:8])}." if names else ""

    def _directions(self) -> tuple[int, ...]:
        groups = {one: group for one, group in self.part.groups.items() if group[0].requires_grad}
        by_id = {self._id(one): one for one in groups}
        plane = self.ask.plane
        if plane is None:
            count = sum(value.numel() for value, _ in groups.values())
            if count < 2:
                raise Wrong("Directions need at least two numbers that train.", _SOME)
            if count > LARGEST:
                raise Wrong(f"{count:,} numbers train: directions are for up to {LARGEST:,}.", "Take two entries.")
            here = {key: groups[one][0].detach() for key, one in by_id.items()}
            if self.ask.kind == "random":
                columns = [key for key, one in by_id.items() if self._right_of_product(one)]
                plane = random_plane(here, self.ask.seed, columns)
            else:
                plane = pca_plane(here, dict(self.ask.path))
        elif any(one not in by_id for one in plane.leaves):
            raise Wrong("The parameters are others than when the directions were made.", "Draw new directions.")
        self.plane = plane
        parts: list[tuple[int, torch.Tensor, torch.Tensor, torch.Tensor]] = []
        for key, *arrays in zip(plane.leaves, plane.origin, plane.first, plane.second, strict=True):
            value = groups[by_id[key]][0]
            origin, first, second = (tensor_of(array, value.device).to(value.dtype) for array in arrays)
            if any(tensor.shape != value.shape for tensor in (origin, first, second)):
                raise Wrong(
                    "The parameters have other shapes than when the directions were made.", "Draw new directions."
                )
            parts.append((by_id[key], origin, first, second))
        self._parts = parts
        check(*self._flat()[:2])

        def values(a: float, b: float) -> Values:
            return {one: _as(origin + a * first + b * second, groups[one][0]) for one, origin, first, second in parts}

        self.values = values
        return tuple(one for one, *_ in parts)

    def _right_of_product(self, one: int) -> bool:
        """Whether a matrix stands at the right of a product: its columns are its units then."""
        nodes, (value, keys) = self.engine.document.nodes, self.part.groups[one]
        return value.ndim == 2 and any(
            nodes[reader].op in _PRODUCTS and len(nodes[reader].args) > 1 and nodes[reader].args[1] == In(key)
            for key in keys
            for reader in self.engine.state.readers.get(key, ())
        )

    # --- inside ---

    def _flat(self) -> list[torch.Tensor]:
        groups = self.part.groups
        return flat([(groups[one][0], origin, along, across) for one, origin, along, across in self._parts])

    def _settle_mode(self) -> None:
        """Without a graph it is faster; where that gives other bits, it is played as the script plays it."""
        groups = self.part.groups
        now = {one: _as(copy_of(groups[one][0]), groups[one][0]) for one in self.moved}
        self.replay.graph = True
        try:
            with quiet():
                with self.replay.mode():
                    self._now = number_of(self.replay(now))
                if not self.replay.double:
                    self.replay.graph = False
                    now = {one: _as(copy_of(groups[one][0]), groups[one][0]) for one in self.moved}
                    with self.replay.mode():
                        plain = number_of(self.replay(now))
                    self.replay.graph = not (plain == self._now or (math.isnan(plain) and math.isnan(self._now)))
        except (Wrong, NoFunction):
            raise
        except Exception as error:
            key = self.replay.failed
            problem = explain(error, key, self.engine.document, self.engine.label, self.engine.plan.read)
            raise Wrong(f"The loss cannot be played again: {problem.message}", problem.why, problem.node) from error

    def _tensor(self, entry: Entry) -> int:
        return next(one for one, (_, keys) in self.part.groups.items() if entry.leaf in keys)

    def _id(self, one: int) -> str:
        return view_key(self.engine, self.part.groups[one][1])

    def _entry_value(self, entry: Entry) -> float:
        value = self.part.groups[self._tensor(entry)][0].detach()
        return float(value[entry.index])


def _as(made: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """As torch holds the leaf: a Parameter where it is one, requiring a gradient where it does."""
    if isinstance(like, torch.nn.Parameter):
        return torch.nn.Parameter(made, like.requires_grad)
    return made.requires_grad_(like.requires_grad)


def _digest(made: blake2b, tensor: torch.Tensor) -> None:
    array = array_of(tensor) if tensor.numel() <= HASHED else None
    made.update(repr((tensor.shape, tensor.dtype)).encode())
    made.update(array.data if array is not None else repr((id(tensor), tensor._version)).encode())


_SOME = "Give a tensor of the program requires_grad=True, or type an entry of any floating-point leaf."
