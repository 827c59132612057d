"""Moments: everything that the steps after one depend on, as plain data, and back. See ``Moment`` in run/training.

Note [Moments]
At the end of a step little is alive: what was computed before the training loop and is read in it or behind it, the variables that a loop
carries on, the loops' counters and the random state. All else is computed anew before it is read. Tensors are kept as views of
storages, so those that share memory share it again; objects that were made before the loop (leaves, lists, optimizers) are filled in
place, so whoever refers to them goes on with them. What holds a graph of autograd cannot be kept: a variable that each step overwrites is left
out (so after a moment is put back at least one step is played before anything is shown), any other makes the moment impossible, and steps
are played again from an earlier one. An iterator is made anew from what it runs over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from guigrad.document.closures import is_closure, played
from guigrad.document.forms import LEAVES
from guigrad.document.model import CLOSURE, Branch, Carried, Document, In, Item, Loop, Region, item_inputs, walk
from guigrad.engine.device import random_now
from guigrad.engine.values import MISSING, dtype_name, is_leaf, storage_key
from guigrad.run.training import Moment, PackedTensor

if TYPE_CHECKING:
    from guigrad.engine.play import Engine
    from guigrad.engine.rounds import Place

PLAIN = (bool, int, float, str, type(None))
_ITERATORS: tuple[type, ...] = (
    enumerate, zip, reversed, type(reversed([])), type(iter([])), type(iter(())), type(iter(range(0))), type(iter({})),
)  # fmt: skip
_READS = frozenset(
    ("torch.Tensor.item", "torch.Tensor.tolist", "torch.Tensor.detach", "builtins.float", "torch.Tensor.data")
)
_OBJECTS = (torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler, torch.Generator)


class CannotKeep(Exception):
    """Something that cannot be told as plain data is needed by the next step."""


# --- what is alive -----------------------------------------------------------------------------------------------------


def alive(engine: Engine, place: Place, ended: frozenset[str] = frozenset()) -> list[str]:
    """The ids of the nodes whose values the steps after this place read, those before the loops first, in program order.

    ``ended`` are the loops of the place that have no more rounds: what each round gives anew is read behind them.
    """
    document, path = engine.document, [key for key, _ in place]
    before: list[str] = []
    carried: list[str] = []
    behind: set[str] = set()
    _visit(document, document.program, path, before, carried, behind, ended)
    nodes, found = document.nodes, []
    wanted = set(behind)
    for key in [*carried[::-1], *before[::-1]]:
        if key in wanted or _is_iterator(engine.plan.value(key)):
            found.append(key)
            if _is_iterator(engine.plan.value(key)):  # it is made anew from its inputs
                wanted |= {wire.node for wire in nodes[key].inputs() if wire.node is not None}
    return found[::-1]


def _visit(
    document: Document,
    items: tuple[Item, ...],
    path: list[str],
    before: list[str],
    carried: list[str],
    behind: set[str],
    ended: frozenset[str],
) -> None:
    """Sorts what is ``before`` the place, variables of the loops around it, and what is read from there on (``behind``)."""
    passed = False
    for item in items:
        leads = bool(path) and any(isinstance(inner, Loop) and inner.id == path[0] for inner in walk((item,)))
        if not leads:
            if path and not passed:
                for inner in walk((item,)) if not is_closure(item) else ():  # each call makes anew what is in it
                    before += [carry.port for carry in getattr(inner, "carried", ())]
                    key = getattr(inner, "node", None)
                    if key is not None:
                        before.append(key)
            else:
                behind |= _read_by((item,), document)
            continue
        passed = True
        behind |= _read_by((item,), document)  # a loop comes round again
        match item:
            case Loop():
                if item.id != path[0]:
                    continue
                rest = path[1:]
                dead = _given_anew(document, item, path) if path[-1] not in ended else frozenset()
                for carry in item.carried:
                    if carry.port not in dead and (item.id in ended or not _is_dead(document, item, carry)):
                        carried.append(carry.port)
                if rest:
                    carried.append(item.var)
                    _visit(document, item.body, rest, before, carried, behind, ended)
            case Region():
                _visit(document, item.body, path, before, carried, behind, ended)
            case Branch():
                carried += [carry.port for carry in item.carried]
                arm = item.body if _holds(item.body, path[0]) else item.orelse
                _visit(document, arm, path, before, carried, behind, ended)


def _holds(items: tuple[Item, ...], loop: str) -> bool:
    return any(isinstance(inner, Loop) and inner.id == loop for inner in walk(items))


def _read_by(items: tuple[Item, ...], document: Document) -> set[str]:
    return {
        wire.node for item in played(document, items) for wire in item_inputs(document, item) if wire.node is not None
    }


def _given_anew(document: Document, outer: Loop, path: list[str]) -> frozenset[str]:
    """The variables of the loops of a path that the next step gives new values before it reads them."""
    loops = [item for item in walk((outer,)) if isinstance(item, Loop) and item.id in path]
    inner = next(item for item in loops if item.id == path[-1])
    given = {getattr(item, "node", "") for item in _sure(document, inner.body)}
    for item in reversed(loops):
        given |= {carry.port for carry in item.carried if any(wire.node in given for wire in carry.updates)}
    return frozenset(given - _read_by(inner.body, document))


def _is_dead(document: Document, loop: Loop, carry: Carried) -> bool:
    """Whether every round gives a variable a new value before anything in the loop reads it."""
    always = {getattr(item, "node", "") for item in _sure(document, loop.body)}
    for item in _sure(document, loop.body):
        if isinstance(item, Loop):
            always |= {inner.port for inner in item.carried if _is_dead(document, item, inner)}
    if not any(wire.node in always for wire in carry.updates):
        return False
    for item in walk(loop.body):
        starts = {inner.port: inner for inner in getattr(item, "carried", ())}
        passed_on = {
            wire.node
            for port, inner in starts.items()
            if isinstance(item, Loop) and _is_dead(document, item, inner)
            for wire in document.nodes[port].inputs()
        }
        if any(wire.node == carry.port for wire in item_inputs(document, item)) and carry.port not in passed_on:
            return False
    return True


def _sure(document: Document, items: tuple[Item, ...]) -> Iterator[Item]:
    """The items that each round plays: those ahead of the first place where it may be left."""
    for item in _flat(items):
        inner = (document.nodes.get(getattr(one, "node", "")) for one in walk((item,)))
        if not isinstance(item, Loop) and any(node is not None and node.op in LEAVES for node in inner):
            return
        yield item


def _flat(items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        if isinstance(item, Region) and not is_closure(item):
            yield from _flat(item.body)
        else:
            yield item


def _is_iterator(value: Any) -> bool:
    return isinstance(value, _ITERATORS)


# --- taking ------------------------------------------------------------------------------------------------------------


def take(engine: Engine, place: Place, step: int, ended: frozenset[str] = frozenset()) -> Moment:
    """The moment at the end of a step. Raises: CannotKeep naming what cannot be told. Thread: the engine's, inside a verb."""
    packer = _Packer()
    slots: list[tuple[str, int, Any]] = []
    for key in alive(engine, place, ended):
        if engine.document.nodes[key].op == CLOSURE:  # a function is made where it is defined, and keeps nothing
            continue
        for output, at in slots_of(engine, key):
            value = engine.plan.env[at]
            if isinstance(value, torch.Tensor) and value.requires_grad and not is_leaf(value) and _is_read(engine, key):
                value = value.detach()
            if value is not MISSING:
                try:
                    slots.append((key, output, packer.pack(value)))
                except CannotKeep as error:
                    raise CannotKeep(f"{engine.label(key)}: {error}") from None
    random = {name: state.numpy().tobytes().hex() for name, state in random_now().items()}
    return Moment(
        step, place, tuple(slots), tuple(packer.tensors), tuple(packer.storages), packer.blobs, random, engine.revision
    )


def _is_read(engine: Engine, key: str) -> bool:
    """Whether nothing but a number is ever read from a node's tensor, so that its graph is of no use."""
    nodes = engine.document.nodes
    dead: set[str] = engine.state.known("dead", lambda: _dead_ports(engine.document))
    for reader in engine.state.readers.get(key, ()):
        node = nodes.get(reader)
        if node is None or node.op in _READS or reader in dead:
            continue
        if node.op != "python.carry" or engine.state.readers.get(reader):
            return False
    return True


def _dead_ports(document: Document) -> set[str]:
    """The variables whose value before their loop nothing reads."""
    loops = [item for item in walk(document.program) if isinstance(item, Loop)]
    return {carry.port for item in loops for carry in item.carried if _is_dead(document, item, carry)}


def slots_of(engine: Engine, key: str) -> list[tuple[int, int]]:
    """(output or -1, place among the values) of a node."""
    plan, node = engine.plan, engine.document.nodes[key]
    return [(-1, plan.whole(key)), *((k, plan.slot(In(key, k))) for k in range(len(node.outputs)))]


class _Packer:
    """Values as plain data; each object once."""

    def __init__(self) -> None:
        self.tensors: list[Any] = []
        self.storages: list[str] = []
        self.blobs: dict[str, bytes] = {}
        self._known: dict[int, Any] = {}
        self._memory: dict[int, int] = {}
        self._kept: list[Any] = []

    def pack(self, value: Any) -> Any:
        if type(value) in PLAIN:
            return value
        if isinstance(value, torch.Tensor):
            return {"tensor": self.tensor(value)}
        if type(value) is complex:
            return {"complex": [value.real, value.imag]}
        if type(value) is torch.Size:
            return {"size": list(value)}
        if type(value) is tuple:
            return {"tuple": [self.pack(item) for item in value]}
        if isinstance(value, (list, dict, *_OBJECTS)):
            return self._object(value)
        if _is_iterator(value):
            return {"again": 1}
        if type(value) is range:
            return {"range": [value.start, value.stop, value.step]}
        if isinstance(value, torch.dtype):
            return {"dtype": dtype_name(value)}
        if isinstance(value, torch.device):
            return {"device": str(value)}
        raise CannotKeep(f"a {type(value).__name__} cannot be kept")

    def _object(self, value: Any) -> Any:
        """What can be changed where it is: two names of one list stay one."""
        if id(value) in self._known:
            return {"ref": self._known[id(value)]}
        number = self._known[id(value)] = len(self._known)
        self._kept.append(value)
        if isinstance(value, list):
            return {"list": [self.pack(item) for item in value], "id": number}
        if isinstance(value, dict):
            return {"dict": [[self.pack(key), self.pack(item)] for key, item in value.items()], "id": number}
        if isinstance(value, torch.Generator):
            return {"generator": value.get_state().numpy().tobytes().hex(), "id": number}
        if isinstance(value, torch.optim.Optimizer):
            return {"optimizer": self._optimizer(value), "id": number}
        state = {key: item for key, item in value.state_dict().items() if not callable(item)}
        return {"scheduler": self.pack(state), "id": number}

    def _optimizer(self, value: torch.optim.Optimizer) -> Any:
        groups = []
        for group in value.param_groups:
            settings = {key: item for key, item in group.items() if key not in ("params", "param_names")}
            groups.append([self.pack(settings), [self.tensor(one) for one in group["params"]]])
        state = [[self.tensor(one), self.pack(dict(kept))] for one, kept in value.state.items()]
        return {"groups": groups, "state": state, "defaults": self.pack(dict(value.defaults))}

    def tensor(self, value: torch.Tensor) -> int:
        """The place of a tensor among ``tensors``."""
        key = ~id(value)
        if key in self._known:
            return int(self._known[key])
        if value.requires_grad and not is_leaf(value):
            raise CannotKeep("it holds a graph of autograd, which cannot be kept")
        number = self._known[key] = len(self.tensors)
        self.tensors.append(None)
        self._kept.append(value)
        grad = -1 if not is_leaf(value) or value.grad is None else self.tensor(value.grad)
        if value.layout is torch.sparse_coo:
            inner = value.detach()
            pair = self.tensor(inner._indices()), self.tensor(inner._values()), inner.is_coalesced()
            self.tensors[number] = PackedTensor(-1, dtype_name(value.dtype), tuple(value.shape), sparse=pair)
            return number
        if value.layout is not torch.strided or value.is_quantized or value.device.type == "meta":
            raise CannotKeep(f"a tensor with the layout {value.layout} cannot be kept")
        if value.is_conj() or value.is_neg():
            raise CannotKeep("a conjugate view cannot be kept")
        self.tensors[number] = PackedTensor(
            self._storage(value), dtype_name(value.dtype), tuple(value.shape), value.stride(), int(value.storage_offset()),
            value.requires_grad, grad, str(value.device), isinstance(value, torch.nn.Parameter),
            0 if value.is_inference() else value._version,
        )  # fmt: skip
        return number

    def _storage(self, value: torch.Tensor) -> int:
        key = storage_key(value)
        if key is None:
            raise CannotKeep("a tensor without memory of its own cannot be kept")
        if key not in self._memory:
            data = _bytes_of(value)
            name = hashlib.blake2b(data, digest_size=16).hexdigest()
            self.blobs[name] = data
            self._memory[key] = len(self.storages)
            self.storages.append(name)
        return self._memory[key]


def flat_bytes(value: torch.Tensor) -> torch.Tensor:
    """The whole storage of a tensor as bytes."""
    flat = torch.empty(0, dtype=torch.uint8, device=value.device)
    with torch.no_grad():
        flat.set_(value.untyped_storage(), 0, (value.untyped_storage().nbytes(),), (1,))
    return flat


def _bytes_of(value: torch.Tensor) -> bytes:
    return bytes(flat_bytes(value.detach()).cpu().numpy().tobytes())
