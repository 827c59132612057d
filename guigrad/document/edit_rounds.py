"""Edits of the rounds of a training: the schedule of the learning rate, the early stop, and batches within epochs.

See Note [Parts of a training] in document/training.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import structs

from guigrad.document import order, tree
from guigrad.document.closing import kept
from guigrad.document.diff import Diff
from guigrad.document.draft import Draft, Edit, refused
from guigrad.document.edit_updates import finished, in_program, training_now, training_of
from guigrad.document.enclose import (
    carry_out,
    change_loop,
    change_reads,
    drop_idle,
    fresh,
    loop_at,
    make,
    put_behind,
    put_last,
    take_away,
)
from guigrad.document.kinds import result_kind
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
    Region,
    Slice,
    Sym,
    Value,
    item_key,
    walk,
)
from guigrad.document.training import SCHEDULE, Training
from guigrad.ops import table

PLATEAU: Final = f"{SCHEDULE}ReduceLROnPlateau"
MADE_OF: Final = {"SequentialLR": ("LinearLR", "CosineAnnealingLR"), "ChainedScheduler": ("LinearLR", "ExponentialLR")}
"""Schedulers that are made of others, and of which when one is chosen."""
_CYCLES: Final = ("momentum", "betas")


def set_scheduler(op: str) -> Edit:
    """A schedule of the learning rate, with settings that suit the number of steps; "" takes it away."""

    def apply(document: Document) -> Diff:
        known = training_of(document, "scheduler")
        old = document.nodes.get(known.scheduler)
        if op and (not op.startswith(SCHEDULE) or table.find(op) is None):
            raise refused(f"there is no scheduler {op!r}")
        if op and not known.optimizer:
            raise refused("a scheduler changes the learning rate of an optimizer: choose one first")
        draft = Draft(document)
        if old is not None and old.op == op:
            return draft.diff("Keep the schedule")
        take_away(draft, filter(None, (known.schedule,)))
        if known.scheduler and not draft.document.consumers.get(known.scheduler):
            take_away(draft, (known.scheduler,))
        drop_idle(draft, known)
        if op:
            now = training_now(draft)
            made, inner = _schedule(draft, now, op)
            put_behind(draft, known.optimizer, *map(Eval, (*inner, made)))
            args = (In(made), known.loss) if op == PLATEAU else (In(made),)
            _at_end(draft, now, Effect(make(draft, "scheduler.step", *args)))
            carry_out(draft, known.loop)
        return finished(
            draft, f"Schedule the learning rate by {op.rpartition('.')[2]}" if op else "Keep the learning rate"
        )

    return kept(apply)


def set_stop(below: float | None) -> Edit:
    """Leaves the loop when the loss is below a number: ``if loss < 0.01: break``; None takes that away."""

    def apply(document: Document) -> Diff:
        known = training_of(document, "stop")
        draft = Draft(document)
        take_away(draft, filter(None, (known.stop,)))
        drop_idle(draft, known)
        if below is not None:
            if known.loss.node is None:
                raise refused("the loop has no loss.backward() to tell its loss")
            test = make(draft, "operator.lt", known.loss, below)
            leave = make(draft, "python.break")
            put_last(draft, known.outer, Eval(test), Branch(next(draft.ids), In(test), (Effect(leave),)))
            carry_out(draft, known.loop)
        return finished(draft, "Run all steps" if below is None else f"Stop when the loss is below {below:g}")

    return kept(apply)


def set_batches(keys: Iterable[str], size: int, shuffle: bool = True, drawn: bool = False) -> Edit:
    """Each step takes ``size`` samples of these values (their first dimension), in another order in each epoch; 0: all at once.

    The steps of the loop become epochs; not if samples are ``drawn`` anew for each step, whichever were before.
    """
    chosen = tuple(keys)

    def apply(document: Document) -> Diff:
        known = training_of(document, "batch")
        draft = Draft(document)
        if size < 0 or isinstance(size, bool):
            raise refused(f"{size} is no number of samples")
        if known.epochs:
            _all_at_once(draft, known)
        elif known.drawn:
            _undrawn(draft, known)
        if size:
            now = training_now(draft)
            wires = tuple(dict.fromkeys(In(in_program(draft.document, key)) for key in chosen))
            if drawn:
                _draw(draft, now, wires, size)
            else:
                _take_batches(draft, now, wires, size, shuffle)
        return finished(draft, f"Batches of {size}" if size else "All samples in each step")

    return kept(apply)


# -- where things stand -------------------------------------------------------------------------------


def _at_end(draft: Draft, known: Training, item: Item) -> None:
    """An item behind what moves the parameters, or at the end of an epoch, ahead of the early stop."""
    document = draft.document
    if known.epochs:
        put_behind(draft, known.loop, item)
        return
    last = max(filter(None, (*known.updates, *known.zeros, known.backward)), key=lambda key: tree.spots(document)[key])
    around = next(
        (one.id for one in walk(document.program) if isinstance(one, Region) and Effect(last) in one.body), last
    )
    put_behind(draft, around, item)


def _schedule(draft: Draft, known: Training, op: str) -> tuple[str, list[str]]:
    """A scheduler and those that it is made of: of a warm-up, and of what follows."""
    optimizer, kind = In(known.optimizer), op.rpartition(".")[2]
    if kind not in MADE_OF:
        return make(draft, op, optimizer, name="scheduler", **_settings(draft.document, known, op)), []
    inner: list[str] = []
    for each in MADE_OF[kind]:
        path = SCHEDULE + each
        settings = tuple(_settings(draft.document, known, path).items())
        inner.append(make(draft, path, optimizer))
        draft.put_node(structs.replace(draft.node(inner[-1]), kwargs=settings))
    parts = ListOf(tuple(map(In, inner)))
    if kind == "ChainedScheduler":
        return make(draft, op, parts, name="scheduler"), inner
    some, steps = _third(known)
    rest = structs.replace(draft.node(inner[1]), kwargs=(("T_max", max(1, steps - some)),))
    draft.put_node(rest)
    return make(draft, op, optimizer, parts, name="scheduler", milestones=ListOf((some,))), inner


def _third(known: Training) -> tuple[int, int]:
    """A third of the steps, and all."""
    steps = known.steps.value if known.steps is not None and isinstance(known.steps.value, int) else 100
    return max(1, steps // 3), steps


def _settings(document: Document, known: Training, op: str) -> dict[str, Value]:
    some, steps = _third(known)
    rate = known.rate.value if known.rate is not None and isinstance(known.rate.value, int | float) else 0.1
    maker = document.nodes[known.optimizer]
    row = table.find(maker.op)
    names = {param.name for param in row.overloads[0].params} if row is not None else set()
    momentum: dict[str, Value] = {} if names & set(_CYCLES) else {"cycle_momentum": False}
    found: dict[str, dict[str, Value]] = {
        "StepLR": {"step_size": some, "gamma": 0.5},
        "MultiStepLR": {"milestones": ListOf((some, max(some + 1, 2 * some)))},
        "ExponentialLR": {"gamma": 0.95},
        "PolynomialLR": {"total_iters": steps},
        "LinearLR": {"total_iters": some},
        "ConstantLR": {"total_iters": some},
        "CosineAnnealingLR": {"T_max": steps},
        "CosineAnnealingWarmRestarts": {"T_0": some},
        "LambdaLR": {"lr_lambda": Sym("lambda epoch: 0.95 ** epoch")},
        "MultiplicativeLR": {"lr_lambda": Sym("lambda epoch: 0.95")},
        "CyclicLR": {"base_lr": rate / 10, "max_lr": rate, "step_size_up": some, **momentum},
        "OneCycleLR": {"max_lr": rate, "total_steps": max(1, steps), **momentum},
    }
    return found.get(op.rpartition(".")[2], {})


# -- batches --------------------------------------------------------------------------------------------


def _draw(draft: Draft, known: Training, data: tuple[In, ...], size: int) -> None:
    """Each step begins with samples that it draws."""
    loop = loop_at(draft.document, known.loop)
    _refuse_no_data(draft, known, data)
    _seed(draft)
    deep = {name for item in loop.body for name in (*tree.keys(item), *tree.defined(item))}
    many = make(draft, "builtins.len", data[0])
    rows = make(draft, "torch.randint", In(many), (size,), name="rows")
    first, read = [Eval(many), Eval(rows)], dict[In, In]()
    for wire in data:
        key = make(draft, "operator.getitem", wire, In(rows), name=_name(draft.node(wire.node or "")))
        first.append(Eval(key))
        read[wire] = In(key)
    change_reads(draft, lambda reader, wire: read.get(wire, wire) if reader in deep else wire)
    change_loop(draft, loop.id, lambda item: structs.replace(item, body=(*first, *item.body)))


def _undrawn(draft: Draft, known: Training) -> None:
    """The way back: every step takes all samples."""
    whole = {In(key): In(data) for data, key in known.batched}
    change_reads(draft, lambda reader, wire: whole.get(wire, wire))
    take_away(draft, (*(key for _, key in known.batched), known.drawn))


def _take_batches(draft: Draft, known: Training, data: tuple[In, ...], size: int, shuffle: bool) -> None:
    """The loop becomes the one over epochs, and its body that of a loop over batches in it."""
    document = draft.document
    loop = loop_at(document, known.loop)
    _refuse_no_data(draft, known, data)
    if draft.node(loop.var).name in ("step", "i"):
        draft.put_node(structs.replace(draft.node(loop.var), name=fresh(draft, "epoch")))
    late = tuple(
        item for item in loop.body if item_key(item) in (known.stop, known.schedule) or _tests(document, known, item)
    )
    body = tuple(item for item in loop.body if item not in late)
    first: list[Item] = []
    if shuffle:
        _seed(draft)
        many = make(draft, "builtins.len", data[0])
        perm = make(draft, "torch.randperm", In(many), name="perm")
        first = [Eval(many), Eval(perm)]
    many, inner = make(draft, "builtins.len", data[0]), next(draft.ids)
    var = make(draft, "python.loop_var", name="i")
    count = make(draft, "builtins.range", 0, In(many), size)
    taken: list[Item] = []
    read: dict[In, In] = {}
    if shuffle:
        end = make(draft, "operator.add", In(var), size)
        batch = make(draft, "operator.getitem", In(perm), Slice(In(var), In(end), None), name="batch")
        taken = [Eval(end), Eval(batch)]
    for wire in data:
        index: Value = In(batch) if shuffle else None
        if not shuffle:
            end = make(draft, "operator.add", In(var), size)
            taken.append(Eval(end))
            index = Slice(In(var), In(end), None)
        key = make(draft, "operator.getitem", wire, index, name=_name(draft.node(wire.node or "")))
        taken.append(Eval(key))
        read[wire] = In(key)
    deep = {name for item in body for name in (*tree.keys(item), *tree.defined(item))}
    change_reads(draft, lambda reader, wire: read.get(wire, wire) if reader in deep else wire)
    above, below, now = [], [], {}
    for carry in loop.carried:
        if In(loop.var) in carry.updates:
            above.append(carry)
            continue
        node = draft.node(carry.port)
        port = next(draft.ids)
        draft.put_node(Node(port, "python.carry", (In(carry.port),), (), node.name))
        below.append(Carried(port, carry.updates))
        above.append(Carried(carry.port, (In(port),)))
        now[In(carry.port)] = In(port)
    change_reads(draft, lambda reader, wire: now.get(wire, wire) if reader in deep else wire)
    batches = Loop(inner, var, In(count), (*taken, *_same(draft, loop.id, body)), tuple(below))
    whole = (*first, Eval(many), Eval(count), batches, *_same(draft, loop.id, late))
    change_loop(draft, loop.id, lambda item: structs.replace(item, body=whole, carried=tuple(above)))
    carry_out(draft, inner)


def _refuse_no_data(draft: Draft, known: Training, data: tuple[In, ...]) -> None:
    """Batches are taken of what stands ahead of the loop and is read in it."""
    document = draft.document
    loop, place = loop_at(document, known.loop), tree.spots(document)[known.loop]
    inside = {*tree.keys(loop), *tree.defined(loop)}
    if not data:
        raise refused("choose the values whose first dimension are the samples")
    for wire in data:
        name = order.name(document, wire.node or "")
        if result_kind(document, wire) not in ("Tensor", "any"):
            raise refused(f"{name} is no tensor; batches are taken of data", node_id=wire.node or "")
        if wire in known.leaves:
            raise refused(f"{name} is trained; batches are taken of data", node_id=wire.node or "")
        if tree.spots(document)[wire.node or ""] > place or wire.node in inside:
            raise refused(
                f"{name} is computed in the loop; batches are taken of what stands ahead of it", node_id=wire.node or ""
            )
        if inside.isdisjoint(document.consumers.get(wire.node or "", ())):
            raise refused(f"{name} is not read in the loop", node_id=wire.node or "")


def _same(draft: Draft, loop: str, items: tuple[Item, ...]) -> tuple[Item, ...]:
    """The items of a loop's body as they are now."""
    keys = {item_key(item) for item in items}
    return tuple(item for item in loop_at(draft.document, loop).body if item_key(item) in keys)


def _tests(document: Document, known: Training, item: Item) -> bool:
    """Whether an item belongs to the early stop."""
    return bool(known.stop) and isinstance(item, Eval) and document.consumers.get(item.node, ()) == (known.stop,)


def _all_at_once(draft: Draft, known: Training) -> None:
    """The way back: one loop whose steps take all samples."""
    document = draft.document
    outer, inner = loop_at(document, known.epochs), loop_at(document, known.loop)
    if document.consumers.get(inner.var) and any(
        document.nodes[reader].op not in ("operator.add", "operator.getitem")
        for reader in document.consumers[inner.var]
        if reader in document.nodes
    ):
        raise refused(
            f"{order.name(document, inner.var)} is read in the loop: batches cannot be taken away without that line"
        )
    whole = {In(key): In(data) for data, key in known.batched}
    ports_ = {carry.port for carry in outer.carried}
    starts = {carry.port: next(draft.node(carry.port).inputs(), In()) for carry in inner.carried}
    back = {In(port): start for port, start in starts.items() if start.node in ports_}
    gives = {In(carry.port): carry.updates[0] for carry in inner.carried if carry.updates}
    deep = {name for item in inner.body for name in (*tree.keys(item), *tree.defined(item))}
    late = {name for item in outer.body if item is not inner for name in (*tree.keys(item), *tree.defined(item))}

    def change(reader: str, wire: In) -> In:
        if reader in deep:
            return back.get(wire, whole.get(wire, wire))
        return gives.get(wire, wire) if reader in late else wire

    change_reads(draft, change)
    carried = [
        Carried(c.port, tuple(dict.fromkeys(gives.get(wire, wire) for wire in c.updates))) for c in outer.carried
    ]
    carried += [carry for carry in inner.carried if In(carry.port) not in back]
    first = list(outer.body[: outer.body.index(inner)])
    rest = outer.body[outer.body.index(inner) + 1 :]
    body = (*_now(draft, first), *_now(draft, inner.body), *_now(draft, rest))
    change_loop(draft, outer.id, lambda item: structs.replace(item, body=body, carried=tuple(carried)))
    for port in starts:
        if In(port) in back:
            draft.put_nothing(port)
    slices = [wire.node for _, key in known.batched for wire in document.nodes[key].inputs() if wire.node in deep]
    take_away(draft, (*(key for _, key in known.batched), *(key for key in slices if key)))
    header = [wire.node for wire in (inner.iter,) if isinstance(wire, In)]
    take_away(draft, (*(key for key in header if key), *filter(None, (known.perm,))))
    draft.put_nothing(inner.var)
    if draft.node(outer.var).name == "epoch":
        draft.put_node(structs.replace(draft.node(outer.var), name=fresh(draft, "step")))


def _now(draft: Draft, items: Iterable[Item]) -> list[Item]:
    spots = tree.spots(draft.document)
    return [tree.item_at(draft.program, spots[item_key(item)]) for item in items]


def _name(node: Node) -> str:
    word = (node.name or "data").split("_")[0].lower()
    return f"{word}b" if len(word) < 3 else f"{word}_batch"


def _seed(draft: Draft) -> None:
    """A program that draws random numbers begins with a seed."""
    nodes = draft.document.nodes.values()
    if not any(order.Mark.SEEDS in order.op_marks(node.op) for node in nodes):
        key = make(draft, "torch.manual_seed", 0)
        draft.add(Effect(key), (), 0)
