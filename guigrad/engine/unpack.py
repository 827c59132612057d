"""Moments put back: plain data to values, in the objects that are there. See Note [Moments] in engine/moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from guigrad.document.model import Document, Loop, item_key, walk
from guigrad.engine.device import put_random
from guigrad.engine.moment import PLAIN, CannotKeep, flat_bytes, slots_of
from guigrad.engine.values import DTYPES, dtype_name, is_leaf, storage_key
from guigrad.run.training import Moment

if TYPE_CHECKING:
    from guigrad.engine.play import Engine
    from guigrad.engine.rounds import Place


def put_back(engine: Engine, moment: Moment) -> Place:
    """Makes all that is alive what it was then; the place to go on from. The part of the program before its loop has been played.

    Raises: CannotKeep when the moment is not one of this program. Thread: the engine's, inside a verb.
    """
    if any(key not in engine.document.nodes for key, _, _ in moment.slots):
        raise CannotKeep("the program is another")
    loops = {item.id for item in walk(engine.document.program) if isinstance(item, Loop)}
    if any(key not in loops for key, _ in moment.place):
        raise CannotKeep("the program is another")
    stable = {key for key, _, _ in moment.slots} - _inside(engine.document, moment.place)
    unpacker = _Unpacker(moment)
    env = engine.plan.env
    places = {(key, output): at for key in engine.document.nodes for output, at in slots_of(engine, key)}
    slots = [(key, places[key, output], packed) for key, output, packed in moment.slots if (key, output) in places]
    for key, at, packed in slots:
        if key in stable:
            unpacker.match(packed, env[at])
    unpacker.fill()
    again: list[str] = []
    for key, at, packed in slots:
        if isinstance(packed, dict) and "again" in packed:
            again.append(key)
        else:
            env[at] = unpacker.unpack(packed)
    put_random(
        {name: torch.frombuffer(bytearray.fromhex(text), dtype=torch.uint8) for name, text in moment.random.items()}
    )
    for key in dict.fromkeys(again):
        engine.plan.steps[key]()
    return moment.place


def _inside(document: Document, place: Place) -> set[str]:
    """Nodes of the loops that are being played: their values are other objects in each round."""
    loops = {key for key, _ in place}
    found: set[str] = set()
    for item in walk(document.program):
        if isinstance(item, Loop) and item.id in loops:
            found.add(item.var)
            found |= {carry.port for carry in item.carried}
            found |= {item_key(inner) for inner in walk(item.body)}
            found |= {carry.port for inner in walk(item.body) for carry in getattr(inner, "carried", ())}
    return found


class _Unpacker:
    """Plain data back to values: into objects that are there (``match``, then ``fill``), else into new ones."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self._tensors: dict[int, torch.Tensor] = {}
        self._objects: dict[int, Any] = {}
        self._memory: dict[int, torch.Tensor] = {}
        self._taken: dict[int, int] = {}
        self._done: set[int] = set()

    def match(self, packed: Any, live: Any) -> None:
        """Says that this live object is the one that was packed."""
        if not isinstance(packed, dict):
            return
        if "tensor" in packed:
            self._match_tensor(packed["tensor"], live)
        elif "tuple" in packed and isinstance(live, tuple):
            self._match_all(packed["tuple"], live)
        elif "list" in packed and isinstance(live, list):
            self._objects.setdefault(packed["id"], live)
            self._match_all(packed["list"], live)
        elif "dict" in packed and isinstance(live, dict):
            self._objects.setdefault(packed["id"], live)
            for key, item in packed["dict"]:
                if isinstance(key, PLAIN) and key in live:
                    self.match(item, live[key])
        elif "optimizer" in packed and isinstance(live, torch.optim.Optimizer):
            self._objects.setdefault(packed["id"], live)
            for (_, params), group in zip(packed["optimizer"]["groups"], live.param_groups, strict=False):
                for number, param in zip(params, group["params"], strict=False):
                    self._match_tensor(number, param)
        elif ("scheduler" in packed and isinstance(live, torch.optim.lr_scheduler.LRScheduler)) or (
            "generator" in packed and isinstance(live, torch.Generator)
        ):
            self._objects.setdefault(packed["id"], live)

    def _match_all(self, packed: list[Any], live: Any) -> None:
        for item, one in zip(packed, live, strict=False):
            self.match(item, one)

    def _match_tensor(self, number: int, live: Any) -> None:
        record = self._moment.tensors[number]
        if number in self._tensors or not isinstance(live, torch.Tensor) or record.sparse is not None:
            return
        if live.layout is not torch.strided or not is_leaf(live) or str(live.device) != record.device:
            return
        same = (tuple(live.shape), live.stride(), live.storage_offset(), dtype_name(live.dtype))
        if same != (record.shape, record.strides, record.offset, record.dtype):
            return
        memory, size = storage_key(live), len(self._blob(record.storage))
        if memory is None or live.untyped_storage().nbytes() != size:
            return
        if self._taken.setdefault(memory, record.storage) != record.storage:
            return
        if record.storage in self._memory and storage_key(self._memory[record.storage]) != memory:
            return
        self._memory.setdefault(record.storage, flat_bytes(live.detach()))
        self._tensors[number] = live

    def _blob(self, storage: int) -> bytes:
        name = self._moment.storages[storage]
        if name not in self._moment.blobs:
            raise CannotKeep("some of the moment's bytes are missing")
        return self._moment.blobs[name]

    def fill(self) -> None:
        """Puts the bytes into the memory that is there, and gradients and flags onto its tensors."""
        for storage, memory in self._memory.items():
            self._copy(storage, memory)
        for number in list(self._tensors):
            self._flags(number)

    def _copy(self, storage: int, memory: torch.Tensor) -> None:
        data = self._blob(storage)
        if data:
            memory.copy_(torch.frombuffer(bytearray(data), dtype=torch.uint8))

    def _flags(self, number: int) -> None:
        record, tensor = self._moment.tensors[number], self._tensors[number]
        if tensor.requires_grad != record.requires_grad and is_leaf(tensor):
            tensor.requires_grad_(record.requires_grad)
        if is_leaf(tensor):
            tensor.grad = None if record.grad < 0 else self.tensor(record.grad)
        if not tensor.is_inference() and tensor._version != record.version:
            torch._C._autograd._unsafe_set_version_counter((tensor,), (record.version,))

    def tensor(self, number: int) -> torch.Tensor:
        """The tensor of that number."""
        if number in self._tensors:
            return self._tensors[number]
        record = self._moment.tensors[number]
        dtype = DTYPES[record.dtype]
        if record.sparse is not None:
            indices, values, coalesced = record.sparse
            parts = self.tensor(indices), self.tensor(values)
            made = torch.sparse_coo_tensor(
                *parts, record.shape, dtype=dtype, is_coalesced=coalesced, check_invariants=True
            )
            self._tensors[number] = made
            return made
        if record.storage not in self._memory:
            memory = torch.empty(len(self._blob(record.storage)), dtype=torch.uint8, device=record.device)
            self._copy(record.storage, memory)
            self._memory[record.storage] = memory
        plain = torch.empty(0, dtype=dtype, device=record.device)
        with torch.no_grad():
            plain.set_(self._memory[record.storage].untyped_storage(), record.offset, record.shape, record.strides)
        tensor = torch.nn.Parameter(plain, record.requires_grad) if record.parameter else plain
        self._tensors[number] = tensor
        self._flags(number)
        return tensor

    def unpack(self, packed: Any) -> Any:
        """The value."""
        if not isinstance(packed, dict):
            return packed
        match packed:
            case {"tensor": int(number)}:
                return self.tensor(number)
            case {"complex": [real, imag]}:
                return complex(real, imag)
            case {"size": [*sizes]}:
                return torch.Size(sizes)
            case {"range": [int(start), int(stop), int(step)]}:
                return range(start, stop, step)
            case {"dtype": str(name)}:
                return DTYPES[name]
            case {"device": str(name)}:
                return torch.device(name)
            case {"tuple": [*items]}:
                return tuple(self.unpack(item) for item in items)
            case {"ref": int(number)}:
                return self._objects[number]
        return self._unpack_object(packed)

    def _unpack_object(self, packed: dict[str, Any]) -> Any:
        number = packed["id"]
        live = self._objects.get(number)
        if number in self._done:
            return live
        self._done.add(number)
        if "list" in packed:
            found = self._objects.setdefault(number, [])
            found[:] = [self.unpack(item) for item in packed["list"]]
            return found
        if "dict" in packed:
            found = self._objects.setdefault(number, {})
            items = [(self.unpack(key), self.unpack(item)) for key, item in packed["dict"]]
            found.clear()
            found.update(items)
            return found
        if live is None:
            raise CannotKeep("an optimizer, scheduler or generator of the moment is not there")
        if "generator" in packed:
            live.set_state(torch.frombuffer(bytearray.fromhex(packed["generator"]), dtype=torch.uint8))
        elif "scheduler" in packed:
            live.load_state_dict(self.unpack(packed["scheduler"]))
        else:
            self._unpack_optimizer(live, packed["optimizer"])
        return live

    def _unpack_optimizer(self, live: torch.optim.Optimizer, packed: dict[str, Any]) -> None:
        groups = packed["groups"]
        if len(groups) < len(live.param_groups):
            del live.param_groups[len(groups) :]
        for at, (settings, params) in enumerate(groups):
            if at == len(live.param_groups):
                live.param_groups.append({"params": []})
            group = live.param_groups[at]
            for key in [key for key in group if key not in ("params", "param_names")]:
                del group[key]
            group.update(self.unpack(settings))
            group["params"][:] = [self.tensor(number) for number in params]
        if "defaults" in packed:  # what it was made with: an edit that follows is held against that
            live.defaults.clear()
            live.defaults.update(self.unpack(packed["defaults"]))
        if self._moment.step:  # a scheduler would warn that it had not stepped yet
            vars(live)["_opt_called"] = True
        live.state.clear()
        for number, kept in packed["state"]:
            live.state[self.tensor(number)] = self.unpack(kept)
