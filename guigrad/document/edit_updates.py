"""Edits of what moves the parameters: the optimizer or the lines written by hand, how gradients are emptied, and clipping.

See Note [Parts of a training] in document/training.
"""

from __future__ import annotations

from typing import Final

from msgspec import structs

from guigrad.document import order, ports, tree
from guigrad.document.check import Checker
from guigrad.document.closing import LBFGS, by_optimizer, kept
from guigrad.document.diff import Diff
from guigrad.document.draft import Draft, Edit, Refused, refused, resolve
from guigrad.document.edit_program import operands
from guigrad.document.enclose import make, put_before, put_behind, rebind, take_away, unbind
from guigrad.document.model import Document, Effect, Eval, In, Item, ListOf, Loop, Node, Region, Value, walk
from guigrad.document.starts import start_variables
from guigrad.document.training import CLIPS, HAND, OPTIM, Setting, Training, source
from guigrad.document.training_read import read_training
from guigrad.ops import table

SGD: Final = "torch.optim.SGD"
RATES: Final = {SGD: 0.1, HAND: 0.1, "torch.optim.ASGD": 0.1}
"""Learning rates to begin with, where torch's own default suits no small graph."""
KEPT: Final = ("lr", "momentum", "betas", "eps", "weight_decay", "nesterov", "maximize", "amsgrad")
"""Settings that an optimizer takes over from the one before it, if it has them."""
POLICIES: Final = ("none", "zeros", "forgotten")


def training_of(document: Document, part: str) -> Training:
    """The training, if this part of it can be changed. Raises: Refused with the reason."""
    known = read_training(document)
    if known is None:
        raise refused("the program has no training loop yet: add one first")
    if part in known.odd:
        raise refused(f"{known.odd[part]} It is left as it is written: change it in the code.")
    return known


def in_program(document: Document, key: str) -> str:
    """The id of a node of the program itself. Raises: Refused for one in a function."""
    found = resolve(document, key)
    if found not in document.nodes or found not in tree.spots(document):
        raise refused(f"{key!r} is no value of the program itself")
    return found


def training_now(draft: Draft) -> Training:
    """The training as the draft has it."""
    known = read_training(draft.document)
    assert known is not None
    return known


def finished(draft: Draft, label: str) -> Diff:
    """The edit, unless it would bring an error that was not there. Raises: Refused with that error."""
    start_variables(draft)
    checker = Checker()  # what did not change is looked at once
    new = [one for one in checker.check(draft.document) if one.severity == "error"]
    if new:
        before = {(problem.message, problem.node_id) for problem in checker.check(draft.start)}
        new = [one for one in new if (one.message, one.node_id) not in before]
    if new:
        hint = "The lines cannot be put into a loop as they stand: " if new[0].kind == "order" else ""
        raise Refused((structs.replace(new[0], kind="edit", message=hint + new[0].message),))
    return draft.diff(label)


def set_optimizer(op: str) -> Edit:
    """Another optimizer, or the updates written by hand (``HAND``); settings that both have stay."""

    def apply(document: Document) -> Diff:
        known = training_of(document, "optimizer")
        if op != HAND and (not op.startswith(OPTIM) or table.find(op) is None):
            raise refused(f"there is no optimizer {op!r}")
        draft = Draft(document)
        old = document.nodes.get(known.optimizer)
        if old is not None and op != HAND:
            draft.put_node(_another(old, op))
            return finished(draft, f"Train with {op.rpartition('.')[2]}")
        if not known.backward:
            raise refused("the loop has no loss.backward() of its own: change the optimizer in the code")
        if known.kind == HAND and op == HAND:
            return draft.diff("Train by hand")
        rate = known.rate.value if known.rate is not None else RATES.get(op)
        decay = known.decay.value if known.decay is not None else 0
        take_updates(draft, known)
        bare = training_now(draft)
        if op == HAND:
            put_updates(draft, bare, known.leaves, rate, decay)
        else:
            kwargs: dict[str, Value] = {} if rate is None or op == LBFGS else {"lr": rate}
            put_optimizer(draft, bare, known.leaves, op, {**kwargs, **({"weight_decay": decay} if decay else {})})
        put_zero(draft, training_now(draft), known.zero)
        return finished(draft, f"Train {HAND if op == HAND else 'with ' + op.rpartition('.')[2]}")

    return by_optimizer(apply)


def set_zero(policy: str) -> Edit:
    """How gradients are emptied before the next step: set to "none", to "zeros", or "forgotten" on purpose, so that they add up."""

    def apply(document: Document) -> Diff:
        known = training_of(document, "zero")
        if policy not in POLICIES:
            raise refused(f"gradients are set to none or zeros, or forgotten; not {policy!r}")
        draft = Draft(document)
        if policy != known.zero:
            _forget_zero(draft, known)
            put_zero(draft, training_now(draft), policy)
        words = {
            "none": "Set gradients to None",
            "zeros": "Set gradients to zeros",
            "forgotten": "Forget to empty gradients",
        }
        return finished(draft, words[policy])

    return kept(apply)


def set_clip(kind: str, at: float = 1.0) -> Edit:
    """Clips gradients before the update: all together by their "norm", each entry by its "value", or not at all ("")."""

    def apply(document: Document) -> Diff:
        known = training_of(document, "clip")
        if kind and kind not in CLIPS:
            raise refused(f"gradients are clipped by norm or value, not {kind!r}")
        draft = Draft(document)
        if kind == known.clip:
            return draft.diff("Clip gradients")
        take_away(draft, known.clips)
        if kind:
            if not known.updates or not known.leaves:
                raise refused("nothing moves the parameters yet: choose an optimizer first")
            now = training_now(draft)
            inside = ListOf(tuple(as_called(draft.document, wire, known.updates[0]) for wire in known.leaves))
            key = make(draft, CLIPS[kind], inside, at)
            put_behind(draft, now.backward, Effect(key))
        return finished(draft, f"Clip gradients by {kind}" if kind else "Do not clip gradients")

    return kept(apply)


def set_number(part: str, value: float, merge: str = "") -> Edit:
    """A number of the training where it is written: ``rate``, ``decay``, ``steps``, ``clip_at``, ``stop_at``, ``batch``."""

    def apply(document: Document) -> Diff:
        known = training_of(document, {"clip_at": "clip", "stop_at": "stop", "decay": "optimizer"}.get(part, part))
        place: Setting | None = getattr(known, part)
        if place is None:
            raise refused("this number is not written in the program, or is computed")
        whole = part in ("steps", "batch")
        if whole and (isinstance(value, bool) or value != int(value) or value < (0 if part == "steps" else 1)):
            raise refused(f"{value} is no number of {'steps' if part == 'steps' else 'samples'}")
        draft = Draft(document)
        number: Value = int(value) if whole else value
        node = draft.node(place.node)
        draft.put_node(ports.set_at(node, place.path, number) if place.path else structs.replace(node, args=(number,)))
        if part == "batch":
            _same_size(draft, known, place.value, number)
        elif not known.optimizer and part in ("rate", "decay"):
            for other in _same_rates(document, known, part):
                draft.put_node(
                    ports.set_at(draft.node(other.node), other.path, number) if other.path else draft.node(other.node)
                )
        words = {"rate": "learning rate", "decay": "weight decay", "clip_at": "clipping", "stop_at": "early stop"}
        return draft.diff(f"Set {words.get(part, part)} to {number:g}", merge)

    return apply


def put_optimizer(draft: Draft, known: Training, wires: tuple[In, ...], op: str, kwargs: dict[str, Value]) -> None:
    """An optimizer ahead of the loop, its step behind the backward, and its ``zero_grad`` ahead of it."""
    row = table.find(op)
    assert row is not None
    params = {param.name for param in row.overloads[0].params}
    if "lr" in params and "lr" not in kwargs and op in RATES:
        kwargs = {"lr": RATES[op], **kwargs}
    optimizer = make(draft, op, ListOf(wires), name="optimizer")
    node = draft.node(optimizer)
    draft.put_node(structs.replace(node, kwargs=tuple(pair for pair in kwargs.items() if pair[0] in params)))
    put_before(draft, known.outer, Eval(optimizer))
    step = make(draft, "optimizer.step", In(optimizer))
    put_behind(draft, last_of(draft.document, known), Effect(step))


def put_updates(
    draft: Draft, known: Training, wires: tuple[In, ...], rate: Value, decay: Value = 0, lr: Setting | None = None
) -> None:
    """``with torch.no_grad(): w -= lr * w.grad`` for each leaf behind the backward."""
    for loop in (item for item in walk(draft.program) if isinstance(item, Loop)):
        for carry in loop.carried:
            if source(draft.document, In(carry.port)) in wires:
                name = order.name(draft.document, carry.port)
                raise refused(f"other lines of the loop change {name} already", node_id=carry.port)
    literal = draft.document.nodes.get(lr.node) if lr is not None and not lr.path else None
    if literal is None:
        key = make(draft, "python.literal", 0.1 if rate is None else rate, name="lr")
        put_before(draft, known.outer, Eval(key))
    else:
        key = literal.id
    items: list[Item] = []
    updates: list[tuple[In, str]] = []
    for wire in wires:
        grad = make(draft, "torch.Tensor.grad", wire)
        items.append(Eval(grad))
        if decay:
            term = make(draft, "operator.mul", decay, wire)
            grad = make(draft, "operator.add", In(grad), In(term))
            items += [Eval(term), Eval(grad)]
        product = make(draft, "operator.mul", In(key), In(grad))
        update = make(draft, "operator.isub", wire, In(product))
        items += [Eval(product), Effect(update)]
        updates.append((wire, update))
    put_behind(draft, last_of(draft.document, known), Region(next(draft.ids), "no_grad", tuple(items)))
    loops = (known.epochs, known.loop) if known.epochs else (known.loop,)
    rebind(draft, updates, loops)


def put_zero(draft: Draft, known: Training, policy: str) -> None:
    """What empties the gradients: ahead of the backward, but zeros by hand behind the update."""
    if policy == "forgotten":
        return
    if known.optimizer:
        zero = make(draft, "optimizer.zero_grad", In(known.optimizer))
        if policy == "zeros":
            draft.put_node(structs.replace(draft.node(zero), kwargs=(("set_to_none", False),)))
        put_before(draft, known.backward, Effect(zero))
        return
    document = draft.document
    pairs = tuple(zip(known.leaves, known.updates, strict=False))
    if policy == "none":
        for wire, _ in pairs:
            inside = as_called(document, wire, known.backward)
            put_before(draft, known.backward, Effect(make(draft, "setattr.grad", inside, None)))
        return
    behind = known.updates[-1] if known.updates else known.backward
    regions = (item for item in walk(document.program) if isinstance(item, Region))
    around = next((item.id for item in regions if Effect(behind) in item.body), behind)
    items: list[Item] = []
    for wire, update in pairs:  # behind the update: in the first step there is no gradient yet
        plain = document.nodes[update].op == "operator.isub"
        grad = make(draft, "torch.Tensor.grad", In(update) if plain else as_called(document, wire, update))
        items += [Eval(grad), Effect(make(draft, "torch.Tensor.zero_", In(grad)))]
    put_behind(draft, around, *items)


def _forget_zero(draft: Draft, known: Training) -> None:
    take_away(draft, known.zeros)


def take_updates(draft: Draft, known: Training) -> None:
    """The step or the updates by hand, what empties the gradients, and an optimizer with its scheduler that nothing else needs."""
    literal = known.rate.node if known.kind == HAND and known.rate is not None and not known.rate.path else ""
    if known.kind == HAND:
        unbind(draft, dict(zip(known.updates, known.leaves, strict=False)))
    take_away(draft, (*known.zeros, *known.updates, *filter(None, (known.schedule,))))
    for key in (known.scheduler, known.optimizer, literal):
        if key in draft.document.nodes and not draft.document.consumers.get(key):
            take_away(draft, (key,))


def _another(old: Node, op: str) -> Node:
    row, before = table.find(op), table.find(old.op)
    assert row is not None
    assert before is not None
    if op == old.op:
        return old
    names = [param.name for param in before.overloads[0].params]
    given = {**dict(zip(names, old.args, strict=False)), **dict(old.kwargs)}
    params = {param.name: param for param in row.overloads[0].params}
    own = {name: value for name, value in given.items() if name in KEPT and name in params}
    if LBFGS in (op, old.op):  # its rate is that of a Newton step
        own = {**own, "lr": RATES[op]} if op in RATES else {name: value for name, value in own.items() if name != "lr"}
    return Node(old.id, op, (given.get("params", In()),), tuple(own.items()), old.name, old.outputs)


def last_of(document: Document, known: Training) -> str:
    """Behind which item the parameters move: the clipping, else the backward."""
    return known.clips[-1] if known.clips else known.backward


def as_called(document: Document, wire: In, reader: str) -> In:
    """A leaf as it is called in a loop that re-binds it."""
    spot = tree.spots(document)[reader]
    found = wire
    for item in walk(document.program):
        if isinstance(item, Loop) and spot[: len(tree.spots(document)[item.id])] == tree.spots(document)[item.id]:
            found = next((In(carry.port) for carry in item.carried if source(document, In(carry.port)) == wire), found)
    return found


def _same_rates(document: Document, known: Training, part: str) -> list[Setting]:
    """A rate that is written at each leaf: all the places."""
    place: Setting | None = getattr(known, part)
    if place is None or not place.path:
        return []
    found = []
    for update in known.updates:
        for key in operands(document, update):
            node = document.nodes[key]
            if (
                node.op == document.nodes[place.node].op
                and key != place.node
                and ports.get_at(node, place.path) == place.value
            ):
                found.append(Setting(key, place.path, place.value))
    return found


def _same_size(draft: Draft, known: Training, old: Value, new: Value) -> None:
    """The size of a batch stands twice: in the range, and in ``i + 16``."""
    document = draft.document
    for item in walk((tree.item_at(document.program, tree.spots(document)[known.loop]),)):
        node = document.nodes.get(getattr(item, "node", ""))
        if (
            node is not None
            and node.op == "operator.add"
            and len(node.args) == 2
            and node.args[1] == old
            and isinstance(node.args[0], In)
        ):
            loop = tree.item_at(document.program, tree.spots(document)[known.loop])
            if isinstance(loop, Loop) and node.args[0] == In(loop.var):
                draft.put_node(structs.replace(node, args=(node.args[0], new)))
