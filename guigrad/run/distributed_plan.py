"""Which parts of a training go where when it is shared out, and why not. See Note [Sharded batches] in run/distributed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, structs

from guigrad.document import order, tree
from guigrad.document.draft import free_name, names_in
from guigrad.document.model import (
    CALL,
    Carried,
    Document,
    Effect,
    Eval,
    In,
    Loop,
    Node,
    item_inputs,
    item_key,
    walk,
)
from guigrad.document.opening import calls
from guigrad.document.problem import Problem, ProblemError
from guigrad.ops import table
from guigrad.run.loops import trains

_GRAD_READS = ("torch.Tensor.grad", "getattr.grad")
_PASS_ON = ("python.list", "python.tuple", "python.dict", "python.alias", "python.unpack", "builtins.list")


class Plan(Struct, frozen=True):
    """What is moved where. ``document`` has names for all that crosses the border of the model.

    ``leaves`` are the trained leaves that the loss depends on, ``model`` the keys of the items of the loop's body that are moved, ``shared`` the
    wires that the model reads and that are shared out, ``whole`` those that it reads as they are.
    """

    document: Document
    loop: str
    leaves: tuple[str, ...]
    model: tuple[str, ...]
    backward: str
    loss: In
    shared: tuple[In, ...]
    whole: tuple[In, ...]
    branches: bool = False


def refused(message: str, node: str = "") -> ProblemError:
    """Why not."""
    return ProblemError((Problem(f"this training cannot be shared out: {message}", "distributed", node_id=node),))


class Planner:
    """Reads a document. ``body`` are the items of a round, ``top`` the place in it of every node that one of them makes."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.nodes = document.nodes
        found = trains(document)
        called = calls(document)
        if called:
            raise refused("its optimizer calls the forward part itself (a closure)", called[0][0].id)
        if found is None or "backward" not in found.phases:
            raise refused("the program has no loop that trains")
        self.loop = _loop(document, found.loop)
        self.body = self.loop.body
        self.top = {key: at for at, item in enumerate(self.body) for key in (*tree.defined(item), *tree.keys(item))}
        self.first = {carry.port: _first(self.nodes[carry.port]) for carry in self._carried()}
        self.labels = {key: order.name(document, key) for key in self.nodes}

    def _carried(self) -> Iterator[Carried]:
        for item in walk(self.document.program):
            if isinstance(item, Loop):
                yield from item.carried

    def plan(self) -> Plan:
        """Raises: ProblemError."""
        backward, loss = self._backward()
        trained = self._trained()
        hot = self._hot(trained)
        if loss.node not in hot or loss.node in trained:
            raise refused("its loss does not depend on what is trained", loss.node or "")
        model, reads = self._model(loss, hot, trained)
        leaves = tuple(key for key in trained if any(self._origin(wire.node or "") == key for wire in reads))
        self._check_model(model)
        self._check_leaves(leaves)
        self._check_others(model, backward, loss, hot, trained)
        data = self._data(trained)
        outside = [wire for wire in reads if self._origin(wire.node or "") not in trained]
        shared = [wire for wire in outside if wire.node in data]
        if not shared:
            raise refused("the loss reads no data that could be shared out")
        rank = {key: at for at, key in enumerate(self._inputs_first())}
        spots = tree.spots(self.document)
        shared.sort(key=lambda wire: (rank.get(data[wire.node or ""], len(rank)), spots.get(wire.node or "", ())))
        whole = [wire for wire in outside if wire.node not in data]
        named = self._named([*shared, *whole, loss], data)
        keys = tuple(item_key(self.body[at]) for at in sorted(model))
        branches = any(not isinstance(self.body[at], Eval | Effect) for at in model)
        return Plan(named, self.loop.id, leaves, keys, backward, loss, tuple(shared), tuple(whole), branches)

    def _label(self, key: str | None) -> str:
        return self.labels.get(key or "", "a value")

    def _backward(self) -> tuple[str, In]:
        """The one backward of a round, and the loss that it begins at."""
        found = []
        for item in walk(self.body):
            node = self.nodes.get(item_key(item)) if isinstance(item, Eval | Effect) else None
            if node is None:
                continue
            if node.op.startswith(("torch.autograd.", "torch.func.")):
                raise refused(f"it takes gradients by {node.op}, which DistributedDataParallel does not hear", node.id)
            if table.effect_of(node.op) == "backward":
                found.append(node)
            if table.effect_of(node.op) == "step" and self._calls_back(node):
                raise refused("its optimizer calls the forward part itself (a closure)", node.id)
        if len(found) != 1:
            raise refused(f"a round has {len(found)} backwards; one can be shared out")
        (node,) = found
        root = node.args[0] if node.args else None
        if len(node.args) != 1 or node.kwargs or not isinstance(root, In) or root.node is None:
            raise refused("its backward has arguments (a gradient, retain_graph, inputs …)", node.id)
        if item_key(self.body[self.top[node.id]]) != node.id:
            raise refused("its backward stands inside a branch, a loop or a region of a round", node.id)
        return node.id, root

    def _calls_back(self, step: Node) -> bool:
        """Whether an optimizer is given what it calls; a scheduler is given a number."""
        target = step.args[0] if step.args else None
        maker = self.nodes.get(self._origin(target.node or "")) if isinstance(target, In) else None
        scheduler = maker is not None and maker.op.startswith("torch.optim.lr_scheduler")
        return not scheduler and (len(step.args) > 1 or bool(step.kwargs))

    def _trained(self) -> dict[str, None]:
        """The leaves that are updated: what an optimizer is given, and whatever has its ``.grad`` read in a round."""
        found: dict[str, None] = {}
        stack = [
            wire.node
            for node in self.nodes.values()
            if node.op.startswith("torch.optim.") and not node.op.startswith("torch.optim.lr_scheduler")
            for wire in node.inputs()
        ]
        for item in walk(self.body):
            node = self.nodes.get(item_key(item)) if isinstance(item, Eval | Effect) else None
            if node is not None and node.op in _GRAD_READS:
                stack += [wire.node for wire in node.inputs()]
        seen: set[str] = set()
        while stack:
            key = self._origin(stack.pop(0) or "")
            node = self.nodes.get(key)
            if node is None or key in seen:
                continue
            seen.add(key)
            if node.op in _PASS_ON:
                stack += [wire.node for wire in node.inputs()]
            elif node.op != "python.literal":
                found[key] = None
        return found

    def _origin(self, key: str) -> str:
        """What a variable holds at first, where it is one."""
        seen = set()
        while key in self.first and key not in seen:
            seen.add(key)
            key = self.first[key] or ""
        return key

    def _hot(self, trained: Mapping[str, None]) -> set[str]:
        """Nodes that depend on what is trained, those themselves included."""
        hot = {*trained, *(port for port in self.first if self._origin(port) in trained)}
        for item in walk(self.document.program):
            key = item_key(item)
            node = self.nodes.get(key) if isinstance(item, Eval | Effect) and key not in self.top else None
            if node is not None and any(wire.node in hot for wire in node.inputs()):
                hot.add(key)
        for at, item in enumerate(self.body):
            reads = [wire for inner in walk((item,)) for wire in item_inputs(self.document, inner)]
            if any(wire.node in hot for wire in reads):
                hot.update(key for key, place in self.top.items() if place == at)
        return hot

    def _model(self, loss: In, hot: set[str], trained: Mapping[str, None]) -> tuple[set[int], list[In]]:
        """The places of the items that the loss is made by, and what those read from outside."""
        model: set[int] = set()
        reads: dict[In, None] = {}
        stack = [loss]
        while stack:
            wire = stack.pop()
            key = wire.node or ""
            place = self.top.get(key)
            if key in hot and self._origin(key) not in trained:
                if place is None:
                    what = f"{self._label(key)} is computed of trained leaves before the loop, or carried from round to round"
                    raise refused(what, key)
                if place not in model:
                    model.add(place)
                    stack += [
                        w for inner in walk((self.body[place],)) for w in item_inputs(self.document, inner) if w.node
                    ]
            elif place is None or place not in model:
                reads[wire] = None
        made = {key for key, place in self.top.items() if place in model}
        inner = [wire for wire in reads if wire.node in made and self._origin(wire.node or "") not in trained]
        return model, [wire for wire in reads if wire not in inner]

    def _check_model(self, model: set[int]) -> None:
        for at in model:
            for key in (each for each in tree.defined(self.body[at])):
                for op in self._ops(key):
                    if order.op_marks(op) & order.Mark.DRAWS:
                        raise refused(
                            f"{self._label(key)} draws random numbers inside the model, other ones in each process", key
                        )
                    if "batch_norm" in op or "instance_norm" in op:
                        raise refused(
                            f"{self._label(key)} normalises over the rows of a batch, of which each process has a part",
                            key,
                        )
                    if table.effect_of(op) in ("print", "step", "zero"):
                        raise refused(f"{self._label(key)} does something beside computing the loss", key)

    def _ops(self, key: str) -> Iterator[str]:
        """The op of a node, and those inside the functions that it calls."""
        stack, seen = [key], set()
        while stack:
            node = self.nodes.get(stack.pop())
            if node is None or node.id in seen:
                continue
            seen.add(node.id)
            if node.op.startswith(CALL):
                function = self.document.functions.get(node.op[len(CALL) :])
                stack += [each for item in (function.program if function else ()) for each in tree.defined(item)]
            else:
                yield node.op

    def _check_leaves(self, leaves: tuple[str, ...]) -> None:
        spots = tree.spots(self.document)
        for key in leaves:
            if len(spots.get(key, ())) != 1:
                raise refused(f"{self._label(key)} is not made once at the start of the program", key)
            if self.nodes[key].name is None:
                raise refused(f"{self._label(key)} has no name", key)
        for carry in self._carried():
            if self._origin(carry.port) not in leaves:
                continue
            for wire in carry.updates:
                node = self.nodes.get(wire.node or "")
                if (
                    node is not None
                    and node.id not in self.first
                    and table.effect_of(node.op) not in ("in-place", "assign")
                ):
                    name = self._label(self._origin(carry.port))
                    raise refused(
                        f"{name} is replaced by another tensor in a round instead of being changed in place", node.id
                    )

    def _check_others(
        self, model: set[int], backward: str, loss: In, hot: set[str], trained: Mapping[str, None]
    ) -> None:
        """Nothing else may read what is inside the model now: each process has only its rows of it."""
        made = {key for key, place in self.top.items() if place in model} - {loss.node}
        made = {key for key in made if self._origin(key) not in trained}
        for at, item in enumerate(self.body):
            if at in model or item_key(item) == backward:
                continue
            for inner in walk((item,)):
                for wire in item_inputs(self.document, inner):
                    if wire.node in made:
                        name = self._label(wire.node)
                        raise refused(
                            f"{name} is read in a round beside the loss: compute it anew behind the loop",
                            wire.node or "",
                        )
        inside = {
            wire.node for at in model for inner in walk((self.body[at],)) for wire in item_inputs(self.document, inner)
        }
        if loss.node in inside:
            raise refused(f"{self._label(loss.node)} is read by what it is computed of", loss.node or "")
        for carry in self.loop.carried:
            if any(wire.node in made for wire in carry.updates):
                reads = {wire.node for item in walk(self.body) for wire in item_inputs(self.document, item)}
                how = "carried from round to round" if carry.port in reads else "read behind the loop"
                raise refused(f"{self._label(carry.port)} is {how}", carry.port)

    def _inputs_first(self) -> list[str]:
        """Leaves that hold points, inputs ahead of targets: the first tells how many rows a batch has."""
        sets = self.document.datasets.values()
        named = [key for data in sets for key in (data.inputs, data.targets) if key]
        if named:
            return named
        return sorted(self.nodes, key=lambda key: not (self.nodes[key].name or "").lower().startswith("x"))

    def _data(self, trained: Mapping[str, None]) -> dict[str, str]:
        """Nodes that descend from points, each with the leaf that it descends from. Without a data set every constant tensor is one."""
        sets = [key for data in self.document.datasets.values() for key in data.leaves()]
        found: dict[str, str] = {key: key for key in sets}
        for item in walk(self.document.program):
            key = item_key(item)
            node = self.nodes.get(key) if isinstance(item, Eval | Effect) else None
            if isinstance(item, Loop):
                for carry in item.carried:
                    first = self._origin(carry.port)
                    if first in found:
                        found[carry.port] = found[first]
            if node is None or key in trained or self._origin(key) in trained:
                continue
            origins = [found[wire.node] for wire in node.inputs() if wire.node in found]
            if origins:
                found[key] = origins[0]
            elif not sets and _makes_tensor(node):
                found[key] = key
        return found

    def _named(self, wires: list[In], data: Mapping[str, str]) -> Document:
        """The document in which all that crosses has a name, and so a line of its own."""
        taken, nodes = names_in(self.document), dict(self.nodes)
        for wire in wires:
            node = nodes.get(wire.node or "")
            if node is None:
                continue
            known = node.outputs[wire.output] if node.outputs and wire.output < len(node.outputs) else node.name
            if known is None:
                origin = self.nodes.get(data.get(node.id, ""))
                wanted = "loss" if wire is wires[-1] else f"{origin.name}_rows" if origin and origin.name else "batch"
                name = free_name(taken, wanted)
                taken.add(name)
                nodes[node.id] = structs.replace(node, name=name)
        return structs.replace(self.document, nodes=nodes)


def _loop(document: Document, key: str) -> Loop:
    for item in walk(document.program):
        if isinstance(item, Loop) and item.id == key:
            return item
    raise refused("the program has no loop that trains")


def _first(carry: Node) -> str:
    value = carry.args[0] if carry.args else None
    return value.node or "" if isinstance(value, In) else ""


def _makes_tensor(node: Node) -> bool:
    """Whether a node is a source that makes a tensor."""
    if any(wire.node for wire in node.inputs()):
        return False
    row = table.find(node.op)
    makes = row is not None and any(overload.returns == ("Tensor",) for overload in row.overloads)
    drawn = node.op in ("torch.randperm", "torch.arange")
    return node.op == "tensor.data" or (makes and not drawn and not (row is not None and row.effect))
