"""What a session keeps between verbs: values, freshness, random states, and sources as they were before something changed them.

Note [Kept]
A source (a node that read no tensor) keeps its tensor, and so its ``.grad``, until it is edited. So does a leaf that a program makes from
other tensors to be trained (``torch.nn.Parameter(…)``, ``(…).requires_grad_()``), and an optimizer, scheduler or generator as long as what
it was made from is the same. Every other node is computed anew by each forward.

Note [Pristine]
An in-place op that forward plays on a source would be applied once more by each forward. So the source is copied before the first of them, and
put back before the next forward, unless something else (an optimizer step) has changed it since: then its present value counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from msgspec import Struct

from guigrad.document.array import ArrayData
from guigrad.document.model import Branch, Document, In, Item, Loop, Node, walk
from guigrad.document.problem import Problem
from guigrad.engine.build import Plan
from guigrad.engine.effects import FLAGS, GRAD_READS, HANDED, changes, is_in_place, is_random, is_seed, makes_new, roles
from guigrad.engine.recorder import Earlier
from guigrad.engine.stretch import Part, Stretch
from guigrad.engine.values import MISSING, array_of, bearing, copy_of, is_leaf, storage_key, tensors_in

KEPT_OBJECTS = (torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler, torch.Generator)

OVERWRITTEN = 65536
"""Tensors of more elements are not kept as they were before an in-place op."""

_HOLDERS = (torch.Tensor, tuple, list, dict)


class Facts(Struct, frozen=True):
    """What the engine asks about a node again and again."""

    reads: tuple[str, ...]
    slots: tuple[int, ...]
    changes: bool
    in_place: bool
    random: bool
    keepable: bool
    reads_grad: bool


class Pristine(Struct):
    """A source before the first in-place op of a forward; ``version`` is the tensor's after that forward."""

    tensor: torch.Tensor
    requires_grad: bool
    version: int = -1


class State:
    """The values of one session, bound to its plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.status: dict[str, str] = {}
        self.problems: dict[str, tuple[Problem, ...]] = {}
        self.random: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
        self.passed: dict[str, int] = {}
        self.sources: set[str] = set()
        self.made_from: dict[str, tuple[object, ...]] = {}
        self.pristine: dict[str, Pristine] = {}
        self.freed: set[str] = set()
        self.earlier = Earlier()
        self.overwritten: dict[str, dict[str, tuple[ArrayData | None, int]]] = {}
        self._facts: dict[str, tuple[Node, Facts]] = {}
        self.order: list[str] = []
        self.context: dict[str, tuple[str, ...]] = {}
        self.roles: dict[str, str] = {}
        self.stretches: dict[int, tuple[tuple[Item, ...], tuple[Part, ...]]] = {}
        self._known: dict[str, tuple[Document, Any]] = {}
        self._readers: dict[str, set[str]] = {}
        self._movers: list[str] | None = None
        self._outside: list[tuple[str, int]] | None = None
        self.above: dict[tuple[str, ...], tuple[frozenset[str], frozenset[str]]] = {}
        self.index()

    def index(self) -> None:
        """Reads the program: order, roles, which loops and regions each node stands in."""
        document = self.plan.document
        self.roles = roles(document)
        self.units = _units(document)
        self.loops = {item.id for item in walk(document.program) if isinstance(item, Loop)}
        self._carried = {
            carry.port: tuple(wire.node for wire in carry.updates if wire.node is not None)
            for item in walk(document.program)
            if isinstance(item, Loop | Branch)
            for carry in item.carried
        }
        self.order, self.context = [], {}
        self._readers, self._movers = {}, None
        _index(document, document.program, (), self.order, self.context)

    def facts(self, key: str) -> Facts:
        """Facts of a node, kept as long as its record is the same."""
        node = self.plan.document.nodes[key]
        known = self._facts.get(key)
        if known is not None and known[0] is node:
            return known[1]
        reads = tuple({wire.node: None for wire in node.inputs() if wire.node is not None})
        slots = tuple(self.plan.slot(wire) for wire in node.inputs() if wire.node is not None)
        keepable = node.op in ("torch.nn.Parameter", "torch.nn.parameter.Parameter") or node.op in FLAGS
        reads_grad = node.op in GRAD_READS
        facts = Facts(reads, slots, changes(node), is_in_place(node), is_random(node), keepable, reads_grad)
        self._facts[key] = (node, facts)
        return facts

    def role(self, key: str) -> str:
        """What a node does for the session. See Note [Roles]."""
        return self.roles.get(key, "play")

    def updates(self, key: str) -> tuple[str, ...]:
        """The nodes that re-bind a variable, () for any other node."""
        return self._carried.get(key, ())

    def ran(self, failed: str | None) -> None:
        """The whole program was played at full speed: what has a value is fresh."""
        for key in self.order:
            if key != failed and self.plan.value(key) is not MISSING:
                self.status[key] = "fresh"
                self.made(key)

    def known(self, what: str, find: Callable[[], Any]) -> Any:
        """Something about the program, found once for each document."""
        document = self.plan.document
        known = self._known.get(what)
        if known is None or known[0] is not document:
            known = self._known[what] = (document, find())
        return known[1]

    def forget_facts(self) -> None:
        """Another node's outputs changed, so wires may read other slots."""
        self._facts.clear()

    def keep_stretches(self, items: tuple[Item, ...], parts: tuple[Part, ...]) -> None:
        """Items have been split. See Note [Stretches]."""
        self.stretches[id(items)] = (items, parts)
        self._outside = None

    def forget_stretches(self) -> None:
        """What needs watching must be found anew. See Note [Stretches]."""
        self.stretches.clear()
        self.above.clear()
        self._outside = None

    def forget(self, key: str) -> None:
        """A node is gone, or shall be made anew."""
        self.status.pop(key, None)
        self.problems.pop(key, None)
        self.sources.discard(key)
        self.made_from.pop(key, None)
        self.pristine.pop(key, None)
        self.freed.discard(key)

    # --- what is kept ---

    def is_kept(self, key: str) -> bool:
        """Whether forward leaves this node's value as it is. See Note [Kept]."""
        if self.status.get(key) != "fresh":
            return False
        if key in self.sources:
            return True
        if key in self.made_from:
            return self.made_from[key] == self._makings(key)
        if self.facts(key).keepable:
            value = self.plan.value(key)
            return isinstance(value, torch.Tensor) and is_leaf(value) and value.requires_grad
        return False

    def made(self, key: str) -> None:
        """A node has just been computed: is it a source?"""
        self.freed.discard(key)
        env = self.plan.env
        value = self.plan.value(key)
        if type(value) is torch.Tensor:
            for at in self.facts(key).slots:
                if type(env[at]) is torch.Tensor:
                    self.sources.discard(key)
                    return
        if isinstance(value, KEPT_OBJECTS) and not is_seed(self.plan.document.nodes[key]):
            self.made_from[key] = self._makings(key)
            self.forget_stretches()
            return
        if (self.role(key) != "update" and tensors_in(value)) and not any(  # a step has computed what it gives
            tensors_in(self.plan.read(wire)) for wire in self.plan.document.nodes[key].inputs()
        ):
            if key not in self.sources:
                self.sources.add(key)
                self.forget_stretches()
        else:
            self.sources.discard(key)

    def _makings(self, key: str) -> tuple[object, ...]:
        found: list[object] = []
        for wire in self.plan.document.nodes[key].inputs():
            value = self.plan.read(wire)
            tensors = tensors_in(value)
            if tensors or isinstance(value, KEPT_OBJECTS):
                found += map(id, tensors or [value])
            else:
                found.append(repr(value))
        return tuple(found)

    def leaves(self) -> dict[str, torch.Tensor]:
        """Every kept tensor by node id, each tensor once."""
        found: dict[int, tuple[str, torch.Tensor]] = {}
        for key in self.order:
            value = self.plan.value(key)
            if isinstance(value, torch.Tensor) and (key in self.sources or (is_leaf(value) and value.requires_grad)):
                found.setdefault(id(value), (key, value))
        return dict(found.values())

    def holders(self) -> list[tuple[str, torch.Tensor]]:
        """The tensors that have a gradient of their own now, with their places."""
        return [(place, tensor) for place, tensor in self.bearers() if tensor.grad is not None]

    def bearers(self) -> list[tuple[str, torch.Tensor]]:
        """The tensors that can have a gradient of their own, with their places: leaves, and what retains it."""
        tensor, env = torch.Tensor, self.plan.env
        found: list[tuple[str, torch.Tensor]] = []
        for key, at in self._watched():
            it = env[at]
            if type(it) is tensor:
                if is_leaf(it) or it.retains_grad:
                    found.append((key, it))
            elif isinstance(it, _HOLDERS):
                found += bearing(key, it)
        return found

    def _watched(self) -> list[tuple[str, int]]:
        """The nodes that may bear a gradient, with their slots: the others make tensors of their own, and none is a leaf with one."""
        if self._outside is None:
            nodes = self.plan.document.nodes
            parts = [part for _, parts in self.stretches.values() for part in parts if isinstance(part, Stretch)]
            inside = {key for key, node in nodes.items() if makes_new(node)}.union(*[part.known for part in parts])
            if any(node.op in HANDED for node in nodes.values()):
                inside = set()
            self._outside = [(key, self.plan.whole(key)) for key in self.order if key not in inside]
        return self._outside

    # --- in-place changes. See Note [Pristine] ---

    def before_change(self, key: str) -> None:
        """An in-place node is about to run: keep a copy of the source whose memory it changes."""
        node = self.plan.document.nodes[key]
        target = dict(node.kwargs).get("out", node.args[0] if node.args else None)
        value = self.plan.read(target) if isinstance(target, In) else None
        if not isinstance(value, torch.Tensor):
            return
        self.earlier.before(key, value, ((other, self.plan.value(other)) for other in self.order))
        at = storage_key(value)
        self._keep_overwritten(key, at)
        for source in self.sources:
            tensor = self.plan.value(source)
            if source not in self.pristine and isinstance(tensor, torch.Tensor) and storage_key(tensor) == at:
                self.pristine[source] = Pristine(copy_of(tensor), tensor.requires_grad)

    def _keep_overwritten(self, key: str, at: int | None) -> None:
        """What the in-place node ``key`` is about to change, as it is. See Note [Cursor] in run/steps."""
        for other in self.order:
            if other == key:
                return
            tensor = self.plan.value(other)
            if isinstance(tensor, torch.Tensor) and storage_key(tensor) == at and tensor.numel() <= OVERWRITTEN:
                version = 0 if tensor.is_inference() else tensor._version
                self.overwritten.setdefault(other, {})[key] = (array_of(tensor), version)

    def after_forward(self) -> None:
        """Remembers the versions that forward's own in-place ops left."""
        for key, pristine in self.pristine.items():
            pristine.version = self.plan.value(key)._version

    def put_back(self, keys: set[str] | None = None) -> None:
        """Sources as they were before forward's own in-place ops."""
        for key in list(self.pristine):
            if keys is not None and key not in keys:
                continue
            pristine = self.pristine.pop(key)
            tensor = self.plan.value(key)
            if tensor is MISSING or tensor._version != pristine.version:
                continue
            copy = pristine.tensor
            if is_leaf(tensor) and (tensor.shape, tensor.stride()) == (copy.shape, copy.stride()):
                tensor.data.copy_(copy)
                if not pristine.requires_grad and tensor.requires_grad and tensor.grad is None:
                    tensor.requires_grad_(False)
            else:
                self.plan.put(key, copy.requires_grad_(pristine.requires_grad))

    # --- what depends on what ---

    def below(self, keys: set[str]) -> set[str]:
        """These nodes and all that depends on them by wires, program order and loops."""
        found: set[str] = set()
        todo = list(keys)
        readers = self.readers
        while True:
            while todo:
                key = todo.pop()
                if key not in found:
                    found.add(key)
                    todo += readers.get(key, ())
            for unit in self.units:
                if not unit.isdisjoint(found):
                    todo += unit - found
            if not todo:
                return found

    @property
    def readers(self) -> dict[str, set[str]]:
        """The nodes of the program that read each node."""
        if not self._readers:
            for key in self.order:
                for read in self.facts(key).reads:
                    self._readers.setdefault(read, set()).add(key)
        return self._readers

    def rewire(self, old: Node, new: Node) -> None:
        """A node reads other nodes, or is another op, and the program is as it was."""
        self.roles = roles(self.plan.document)
        if self._readers and new.id in self.context:
            for wire in old.inputs():
                self._readers.get(wire.node or "", set()).discard(new.id)
            for wire in new.inputs():
                if wire.node is not None:
                    self._readers.setdefault(wire.node, set()).add(new.id)
        if self.roles or is_in_place(old) or is_in_place(new):
            self._movers = None

    @property
    def movers(self) -> list[str]:
        """The in-place nodes that forward plays."""
        if self._movers is None:
            self._movers = [key for key in self.order if self.facts(key).in_place and self.role(key) == "play"]
        return self._movers

    def shared(self, todo: set[str]) -> set[str]:
        """What else must be made anew because an in-place op has changed memory that ``todo`` reads or changes."""
        movers = self.movers
        if not movers:
            return set()
        members: dict[int, set[str]] = {}
        for key in self.order:
            for tensor in tensors_in(self.plan.value(key)):
                at = storage_key(tensor)
                if at is not None:
                    members.setdefault(at, set()).add(key)
        more: set[str] = set()
        for mover in movers:
            for tensor in tensors_in(self.plan.value(mover)):
                group = members.get(storage_key(tensor) or -1, set())
                if group & todo or any(
                    not group.isdisjoint(self.facts(key).reads) for key in todo if key in self.context
                ):
                    more |= group
        return more


def _index(
    document: Document,
    items: tuple[Any, ...],
    path: tuple[str, ...],
    order: list[str],
    context: dict[str, tuple[str, ...]],
) -> None:
    for item in items:
        key = getattr(item, "node", None)
        if key is not None:
            if key in document.nodes:
                order.append(key)
                context[key] = path
            continue
        inner = (*path, item.id)
        for carry in getattr(item, "carried", ()):
            if carry.port in document.nodes:
                order.append(carry.port)
                context[carry.port] = inner
        if isinstance(item, Loop) and item.var in document.nodes:
            order.append(item.var)
            context[item.var] = inner
        _index(document, item.body, inner, order, context)
        _index(document, getattr(item, "orelse", ()), inner, order, context)


def _units(document: Document) -> list[set[str]]:
    """Loops and branches: what is inside is computed together."""
    return [
        {key for inner in walk((item,)) if (key := getattr(inner, "node", None)) is not None}
        | {carry.port for inner in walk((item,)) for carry in getattr(inner, "carried", ())}
        | {inner.var for inner in walk((item,)) if isinstance(inner, Loop)}
        for item in walk(document.program)
        if isinstance(item, Loop | Branch)
    ]
