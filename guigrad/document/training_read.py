"""Reads the training of a program. See Note [Parts of a training] in document/training."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from guigrad.document.model import (
    Branch,
    Carried,
    Document,
    Effect,
    Eval,
    In,
    Item,
    ListOf,
    Loop,
    Node,
    Value,
    item_key,
    walk,
)
from guigrad.document.opening import NOT_PLAIN, opened
from guigrad.document.trainable import trained
from guigrad.document.training import (
    BACKWARD,
    CLIP_AT,
    CLIPS,
    GRAD,
    OPTIM,
    SCHEDULE,
    Setting,
    Training,
    argument,
    flat,
    setting,
    source,
)
from guigrad.document.training_batches import read_batches
from guigrad.ops import table

_PARTS = ("loss", "leaves", "optimizer", "scheduler", "zero", "clip", "stop", "batch")


def read_training(document: Document) -> Training | None:
    """The training of a program; None if no loop of it computes gradients. See Note [Parts of a training]."""
    plain = opened(document)
    document = document if plain is None else plain.document
    found = _loops(document)
    if found is None:
        return None
    known = _Reader(document, *found).read()
    if plain is None:
        return structs.replace(known, odd={**known.odd, **dict.fromkeys(_PARTS, NOT_PLAIN)})
    return known


def _loops(document: Document) -> tuple[Loop, Loop | None] | None:
    """The training loop, and the one that it stands in."""
    for item in _outer(document.program):
        for inner in (one for one in walk((item,)) if isinstance(one, Loop)):
            if any(_trains(document, own) for own in flat(inner.body)):
                around = [
                    one
                    for one in walk((item,))
                    if isinstance(one, Loop) and any(own is inner for own in flat(one.body))
                ]
                return inner, around[0] if around else None
    return None


def _outer(items: tuple[Item, ...]) -> Iterator[Loop]:
    for item in flat(items):
        if isinstance(item, Loop):
            yield item


def _trains(document: Document, item: Item) -> bool:
    node = document.nodes.get(item.node) if isinstance(item, Eval | Effect) else None
    if node is None:
        return False
    effect = table.effect_of(node.op)
    if effect == "step":
        maker = _maker(document, node).op
        return maker.startswith(OPTIM) and not maker.startswith(SCHEDULE)
    return effect == "backward" or node.op == "torch.autograd.grad"


def _maker(document: Document, node: Node) -> Node:
    """The node of the object that a method is called on."""
    first = source(document, node.args[0]) if node.args else In()
    return document.nodes.get(first.node or "", node)


class _Reader:
    def __init__(self, document: Document, loop: Loop, around: Loop | None) -> None:
        self.document, self.nodes = document, document.nodes
        self.loop, self.around = loop, around
        self.odd: dict[str, str] = {}
        self.found: dict[str, object] = {}
        self.zeros: list[str] = []
        self.updates: list[str] = []
        self.by_hand = False
        self.carried: dict[In, list[Carried]] = {}
        for carry in loop.carried:
            self.carried.setdefault(source(document, In(carry.port)), []).append(carry)
        self.able = {*trained(document), *(source(document, wire) for wire in trained(document))}
        self.hand: list[tuple[In, Setting | None, Setting | None]] = []

    def read(self) -> Training:
        batch = read_batches(self.document, self.loop, self.around)
        whole = self.around is not None and batch is not None
        bodies = [self.loop.body, *([self.around.body] if whole and self.around is not None else [])]
        for body in bodies:
            for item in flat(body):
                if item is not self.loop:
                    self._item(item)
        if "backward" not in self.found:
            for part in ("loss", "zero", "clip", "stop"):
                self.odd[part] = "The gradients do not come from one loss.backward() in the loop."
        if self.by_hand and "optimizer" in self.found:
            self.odd["optimizer"] = "An optimizer and lines of their own both change parameters."
        outer = self.around if whole and self.around is not None else self.loop
        steps = self._steps(outer)
        if steps is None:
            self.odd["steps"] = "The loop does not run over range(n) with a number."
        if self.around is not None and not whole:
            self.odd["batch"] = "The loop stands in another one, and does not take batches as perm[i:i + n]."
        leaves = self._leaves()
        rate, decay = self._rates()
        fields = {**self.found, **(batch if batch is not None and (whole or self.around is None) else {})}
        return Training(
            loop=self.loop.id, epochs=outer.id if whole else "", leaves=leaves, zeros=tuple(self.zeros),
            updates=tuple(self.updates), rate=rate, decay=decay, steps=steps, odd=self.odd, **fields,  # type: ignore[arg-type]  # by field name
        )  # fmt: skip

    # -- one item ---------------------------------------------------------------------------------

    def _item(self, item: Item) -> None:
        if isinstance(item, Branch):
            self._branch(item)
            return
        if isinstance(item, Loop):
            inner = [
                self.nodes[one.node] for one in walk((item,)) if isinstance(one, Effect) and one.node in self.nodes
            ]
            if any(self._reads_grad(one) or table.effect_of(one.op) in ("zero", "step") for one in inner):
                self.odd["optimizer"] = self.odd["leaves"] = self.odd["zero"] = (
                    "The updates stand in a loop of their own."
                )
            return
        if not isinstance(item, Effect | Eval) or item.node not in self.nodes:
            return
        node = self.nodes[item.node]
        effect, name = table.effect_of(node.op), node.op.rpartition(".")[2]
        if effect == "backward":
            first = node.args[0] if node.args else None
            self._once("backward", "loss", node.id, "The loop has several backwards.")
            if node.op == BACKWARD and isinstance(first, In) and first.node in self.nodes:
                self.found["loss"] = first
            else:
                self.odd["loss"] = "The loop does not call loss.backward()."
        elif node.op == "torch.autograd.grad":
            self.odd["loss"] = self.odd["optimizer"] = self.odd["zero"] = "The gradients come from torch.autograd.grad."
        elif effect == "step":
            self._step(node)
        elif effect == "zero" or node.op == "setattr.grad" or (name == "zero_" and self._grad_of(node) is not None):
            self._zero(node)
        elif node.op in CLIPS.values():
            kind = next(kind for kind, op in CLIPS.items() if op == node.op)
            self._once("clip", "clip", kind, "Gradients are clipped more than once.")
            self.found["clips"] = (node.id,)
            self.found["clip_at"] = setting(self.document, node, CLIP_AT[kind], argument(node, CLIP_AT[kind], 1))
            if self.found["clip_at"] is None:
                self.odd["clip"] = "The limit of the clipping is computed."
        elif effect in ("in-place", "assign") and self._changes_leaf(node) and self._reads_grad(node):
            self._update(node)

    def _once(self, key: str, part: str, value: object, why: str) -> None:
        if key in self.found:
            self.odd[part] = why
        self.found[key] = value

    def _step(self, node: Node) -> None:
        maker = _maker(self.document, node)
        if maker.op.startswith(SCHEDULE):
            self._once("schedule", "scheduler", node.id, "More than one scheduler steps in the loop.")
            self.found["scheduler"] = maker.id
        elif maker.op.startswith(OPTIM):
            if "optimizer" in self.found:
                self.odd["optimizer"] = self.odd["leaves"] = "The loop has several optimizer steps."
            self.found["optimizer"] = maker.id
            self.updates.append(node.id)
            if len(node.args) > 1 or node.kwargs:
                self.odd["optimizer"] = self.odd["loss"] = "The optimizer's step calls a function."

    def _zero(self, node: Node) -> None:
        self.zeros.append(node.id)
        if node.op == "setattr.grad":
            policy = "none" if node.args[1:] == (None,) else ""
        elif node.op.endswith(".zero_"):
            policy = "zeros"
        else:
            to_none = argument(node, "set_to_none", 1, True)
            policy = {True: "none", False: "zeros"}.get(to_none, "") if isinstance(to_none, bool) else ""
        if not policy or self.found.get("zero", policy) != policy:
            self.odd["zero"] = "Gradients are emptied in several ways."
        self.found["zero"] = policy or "none"

    def _grad_of(self, node: Node) -> In | None:
        """The tensor whose .grad a method is called on."""
        first = node.args[0] if node.args else None
        maker = self.nodes.get(first.node or "") if isinstance(first, In) else None
        if maker is None or maker.op not in GRAD:
            return None
        return source(self.document, maker.args[0])

    def _changes_leaf(self, node: Node) -> bool:
        target = source(self.document, self._before(node.args[0])) if node.args else In()
        maker = self.nodes.get(target.node or "")
        beside = maker is not None and maker.op in ("torch.Tensor.data", "torch.Tensor.detach")
        return node.op.startswith("setattr.data") or beside or target in self.able

    def _reads_grad(self, node: Node) -> bool:
        """Whether a gradient leads to a node, by whatever way."""
        seen: set[str | None] = set()
        stack = [wire.node for wire in node.inputs()]
        while stack:
            key = stack.pop()
            maker = self.nodes.get(key or "")
            if maker is None or key in seen:
                continue
            if maker.op in GRAD:
                return True
            seen.add(key)
            stack += [wire.node for wire in maker.inputs()]
        return False

    # -- updates by hand: w -= lr * w.grad, w -= lr * (w.grad + decay * w) ---------------------------

    def _update(self, node: Node) -> None:
        self.updates.append(node.id)
        self.by_hand = True
        target = source(self.document, self._before(node.args[0]))
        product = self._node(node.args[1]) if len(node.args) > 1 else None
        known = (
            node.op in ("operator.isub", "setattr.data.isub", "torch.Tensor.sub_")
            and len(node.args) == 2
            and not node.kwargs
        )
        if not known or product is None or product.op != "operator.mul" or target.node is None:
            self._strange()
            return
        for rate_at, grad_at, path in ((0, 1, "self"), (1, 0, "other")):
            grad = self._node(product.args[grad_at])
            rate = setting(self.document, product, path, product.args[rate_at])
            if rate is None or grad is None:
                continue
            decay: Setting | None = None
            if grad.op == "operator.add":
                inner, term = self._node(grad.args[0]), self._node(grad.args[1])
                if inner is None or term is None or term.op != "operator.mul":
                    continue
                decay, grad = setting(self.document, term, "self", term.args[0]), inner
                if decay is None:
                    continue
            if grad.op in GRAD and source(self.document, self._before(grad.args[0])) == target:
                self.hand.append((target, rate, decay))
                if not self._alone(target, node):
                    self.odd["optimizer"] = self.odd["leaves"] = "Other lines change the parameters too."
                return
        self._strange()

    def _alone(self, target: In, node: Node) -> bool:
        """Whether an update is all that a variable for its leaf carries on."""
        mine = self.carried.get(target, ())
        return all(node.op == "operator.isub" and carry.updates == (In(node.id),) for carry in mine)

    def _strange(self) -> None:
        self.odd["optimizer"] = self.odd["leaves"] = "The updates by hand are not of the form w -= lr * w.grad."

    def _before(self, value: Value) -> Value:
        """What an in-place chain of this round started with."""
        seen = set()
        while isinstance(value, In) and value.node in self.nodes and value.node not in seen:
            seen.add(value.node)
            node = self.nodes[value.node or ""]
            if table.effect_of(node.op) != "in-place" or not node.args:
                break
            value = node.args[0]
        return value

    def _node(self, value: Value) -> Node | None:
        return self.nodes.get(value.node or "") if isinstance(value, In) else None

    # -- early stop ---------------------------------------------------------------------------------

    def _branch(self, item: Branch) -> None:
        last = item.body[-1] if item.body else None
        node = self.nodes.get(last.node) if isinstance(last, Effect) else None
        if node is None or node.op != "python.break":
            inner = [self.nodes.get(item_key(one)) for one in walk((item,)) if isinstance(one, Effect)]
            if any(one is not None and (table.effect_of(one.op) in ("backward", "step")) for one in inner):
                self.odd["optimizer"] = self.odd["loss"] = "A part of the step stands in an if."
            return
        test = self._node(item.test)
        limit = (
            test and setting(self.document, test, "other", test.args[1])
            if test and test.op in ("operator.lt", "operator.le")
            else None
        )
        if test is None or limit is None or len(item.body) != 1 or item.orelse:
            self.odd["stop"] = "The loop is left on a condition of its own."
            return
        if "stop" in self.found:
            self.odd["stop"] = "The loop is left in several places."
        self.found["stop"], self.found["stop_at"] = item.id, limit

    # -- what is made ahead of the loop ---------------------------------------------------------------

    def _leaves(self) -> tuple[In, ...]:
        if self.hand and "optimizer" not in self.found:
            return tuple(dict.fromkeys(leaf for leaf, _, _ in self.hand))
        maker = self.nodes.get(str(self.found.get("optimizer", "")))
        if maker is None:
            return ()
        params = argument(maker, "params", 0)
        if isinstance(params, In):
            made = self.nodes.get(params.node or "")
            items = made.args if made is not None and made.op == "python.list" else ()
        else:
            items = params.items if isinstance(params, ListOf) else ()
        if not items or not all(isinstance(item, In) for item in items) or isinstance(params, In):
            self.odd["leaves"] = "The optimizer's parameters are not a list of names."
        return tuple(source(self.document, item) for item in items if isinstance(item, In))

    def _rates(self) -> tuple[Setting | None, Setting | None]:
        maker = self.nodes.get(str(self.found.get("optimizer", "")))
        if maker is not None:
            row = table.find(maker.op)
            params = (
                {param.name: (at, param.default) for at, param in enumerate(row.overloads[0].params)} if row else {}
            )
            both = []
            for name in ("lr", "weight_decay"):
                at, default = params.get(name, (99, None))
                both.append(setting(self.document, maker, name, argument(maker, name, at, default)))
            return both[0], both[1]
        rates = {(rate, decay) for _, rate, decay in self.hand}
        values = {(rate and rate.value, decay and decay.value) for rate, decay in rates}
        if len(values) > 1:
            self.odd["rate"] = "Each parameter has a learning rate of its own."
        return next(iter(rates)) if len(values) == 1 else (None, None)

    def _steps(self, loop: Loop) -> Setting | None:
        node = self._node(loop.iter)
        if node is None or node.op != "builtins.range" or node.kwargs or len(node.args) != 1:
            return None
        return setting(self.document, node, "stop", node.args[0])
