"""What of a program can be trained: leaves, losses, and what a training loop around a loss would repeat."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from guigrad.document import order, tree
from guigrad.document.edit_program import operands
from guigrad.document.model import Branch, Document, Effect, Eval, In, Item, Loop, Node, Sym, item_key, walk, wires_in
from guigrad.document.training import CLIPS, GRAD, OPTIM, source
from guigrad.ops import table

_PARAMETERS = ("torch.nn.Parameter", "torch.nn.parameter.Parameter")
_MACHINERY = ("backward", "step", "zero", "retain")


class Parts(Struct, frozen=True):
    """The items of the program ahead of a loop, in it and behind it."""

    before: tuple[Item, ...]
    body: tuple[Item, ...]
    after: tuple[Item, ...]


def trained(document: Document) -> tuple[In, ...]:
    """The leaves of the outermost program that require grad, as what comes behind them reads them, in order."""
    found: dict[str, In] = {}
    for item in document.program:
        node = document.nodes.get(item.node) if isinstance(item, Eval | Effect) else None
        if node is None:
            continue
        first = _leaf_of(document, node)
        if _makes(document, node):
            found[node.id] = In(node.id)
        elif first and node.op == "torch.Tensor.requires_grad_":
            found.pop(first, None)
            if node.args[1:] in ((), (True,)):
                read = any(wire == In(node.id) for other in document.nodes.values() for wire in other.inputs())
                start = node.args[0]
                found[first] = In(node.id) if read or not isinstance(start, In) else start
        elif first and node.op == "setattr.requires_grad":
            found.pop(first, None)
            if node.args[1:] == (True,) and isinstance(node.args[0], In):
                found[first] = node.args[0]
    return tuple(found.values())


def _makes(document: Document, node: Node) -> bool:
    """Whether a node is a leaf that requires grad from the start."""
    given = dict(node.kwargs).get("requires_grad") is True and not _tensors(document, node)
    return given or node.op in _PARAMETERS


def _leaf_of(document: Document, node: Node) -> str:
    """The source whose flag a node sets."""
    if not _sets_flag(node):
        return ""
    value = node.args[0] if node.args else None
    while isinstance(value, In) and value.node in document.nodes:
        node = document.nodes[value.node or ""]
        if node.op not in ("torch.Tensor.requires_grad_", "python.alias") or not node.args:
            return node.id
        value = node.args[0]
    return ""


def _sets_flag(node: Node | None) -> bool:
    return node is not None and node.op in ("torch.Tensor.requires_grad_", "setattr.requires_grad")


def leaves_of(document: Document, root: str) -> tuple[str, ...]:
    """The sources of floating point numbers that a value depends on and that could require grad."""
    above = ancestors(document, root)
    return tuple(key for key in document.nodes if key in above and _could(document, document.nodes[key]))


def _could(document: Document, node: Node) -> bool:
    row = table.find(node.op)
    if row is None or row.effect or not any(overload.returns == ("Tensor",) for overload in row.overloads):
        return False
    names = {param.name for overload in row.overloads for param in overload.params}
    if "requires_grad" not in names or _tensors(document, node) or "randint" in node.op or "perm" in node.op:
        return False
    dtype = dict(node.kwargs).get("dtype")
    if isinstance(dtype, Sym):
        return "float" in dtype.path or dtype.path.endswith(("double", "half"))
    if node.op == "torch.tensor" and node.args:
        return any(isinstance(one, float) for one in _numbers(node.args[0]))
    if node.op == "torch.arange":
        return any(isinstance(value, float) for value in node.args)
    return not (node.op == "tensor.data" and "int" in getattr(node.args[0], "dtype", "int"))


def _numbers(value: object) -> Iterator[object]:
    items = getattr(value, "items", value)
    if isinstance(items, tuple):
        for item in items:
            yield from _numbers(item)
    else:
        yield items


def _tensors(document: Document, node: Node) -> bool:
    """Whether a node is computed from something that may be a tensor."""
    for wire in node.inputs():
        maker = document.nodes.get(wire.node or "")
        if maker is not None and maker.op not in ("python.literal", "builtins.len", "torch.Generator"):
            return True
    return False


def ancestors(document: Document, root: str) -> set[str]:
    """The nodes that a value is computed from, itself included: along wires, variables, and what is put into lists and dicts."""
    made, changes = _variables(document), _changes(document)
    found: set[str] = set()
    stack: list[str | None] = [root]
    while stack:
        key = stack.pop()
        node = document.nodes.get(key or "")
        if node is None or node.id in found:
            continue
        found.add(node.id)
        stack += [wire.node for wire in node.inputs()]
        stack += made.get(node.id, ())
        stack += changes.get(node.id, ())
    return found


def _variables(document: Document) -> dict[str, list[str | None]]:
    """For variables of loops and branches what they take, and what tells whether they take it."""
    found: dict[str, list[str | None]] = {}
    for item in walk(document.program):
        if isinstance(item, Loop | Branch):
            heads = [wire.node for wire in wires_in(item.iter if isinstance(item, Loop) else item.test)]
            for carry in item.carried:
                found[carry.port] = [*heads, *(wire.node for wire in carry.updates)]
            if isinstance(item, Loop):
                found[item.var] = heads
    return found


def _changes(document: Document) -> dict[str, list[str]]:
    """For lists, dicts and the like the nodes that change them."""
    found: dict[str, list[str]] = {}
    for node in document.nodes.values():
        if node.args and table.effect_of(node.op) == "mutate" and not node.op.startswith(("optimizer.", "scheduler.")):
            found.setdefault(source(document, node.args[0]).node or "", []).append(node.id)
    return found


def depends_on(document: Document, root: str, wires: tuple[In, ...]) -> bool:
    """Whether a value is computed from one of these leaves."""
    above = ancestors(document, root)
    return any(wire.node in above or source(document, wire).node in above for wire in wires)


def dependents(document: Document, wires: tuple[In, ...]) -> set[str]:
    """The nodes of the outermost program that are computed from one of these leaves, without the leaves."""
    leaves = {wire.node or "" for wire in wires}
    made = set(leaves)
    filled = {node: key for key, nodes in _changes(document).items() for node in nodes}
    for item in document.program:
        if not made.isdisjoint(order.reads(document, item)):
            own = set(tree.defined(item))
            made |= own | {filled[key] for key in own if key in filled}
    return made - leaves


def guess_loss(document: Document) -> str | None:
    """What is most likely to be made smaller: what ``backward`` starts from, the root, a value called loss, the last one."""
    inner = {key for item in document.program if isinstance(item, Eval | Effect) for key in (item.node,)}
    for item in document.program:
        node = document.nodes.get(getattr(item, "node", ""))
        if node is not None and table.effect_of(node.op) == "backward" and node.args and isinstance(node.args[0], In):
            return node.args[0].node
    below = dependents(document, trained(document))
    root = document.settings.root
    if root in inner and root in below:
        return root
    fits = [
        item.node
        for item in document.program
        if isinstance(item, Eval) and item.node in below and _may_be_scalar(document.nodes[item.node])
    ]
    named = [key for key in fits if "loss" in (document.nodes[key].name or "")]
    ends = [key for key in fits if not _read_on(document, key)]
    return (named or ends)[-1] if named or ends else None


def _may_be_scalar(node: Node) -> bool:
    return not node.outputs and not node.op.startswith((OPTIM, "builtins.", "python.", "str.")) and node.op not in GRAD


def _read_on(document: Document, key: str) -> bool:
    """Whether another value is computed from it."""
    for reader in document.consumers.get(key, ()):
        node = document.nodes.get(reader)
        if node is not None and not table.effect_of(node.op):
            return True
    return False


def is_optimizer(document: Document, item: Item) -> bool:
    """Whether an item makes an optimizer or a scheduler."""
    node = document.nodes.get(item.node) if isinstance(item, Eval) else None
    return node is not None and node.op.startswith(OPTIM)


def machinery(document: Document, root: str, leaves: set[str]) -> Parts:
    """What a loop for this loss would repeat: what depends on the leaves up to the loss, and what there is of a training behind it."""
    program = document.program
    makes = [item for item in program if is_optimizer(document, item)]
    ahead = set().union(*(ancestors(document, key) for item in makes for key in tree.defined(item)), set())
    for item in program:
        if _sets_flag(document.nodes.get(getattr(item, "node", ""))):
            ahead.update(tree.defined(item))
    changes = _changes(document)
    changed = {node: source for source, nodes in changes.items() for node in nodes}
    made = set(leaves)
    late: list[bool] = []
    gives, reads = (
        [tuple(tree.defined(item)) for item in program],
        [tuple(order.reads(document, item)) for item in program],
    )
    for own, read in zip(gives, reads, strict=True):
        depends = not made.isdisjoint(read) and ahead.isdisjoint(own)
        late.append(depends)
        if depends:
            made |= {*own, *(changed[key] for key in own if key in changed)} - leaves
    backward = next((at for at, item in enumerate(program) if _has(document, item, ("backward",))), None)
    wanted = set(ancestors(document, root))
    optimizers = {key for one in makes for key in tree.defined(one)}
    body = [False] * len(program)
    for at in reversed(range(len(program))):
        item, own = program[at], gives[at]
        works = backward is not None and at >= backward and _works(document, item, optimizers)
        kept = late[at] and _has(document, item, ("retain",))
        fills = late[at] and bool(changed) and any(changed.get(key) in wanted for key in own)
        if works or kept or fills or (late[at] and not wanted.isdisjoint(own)) or root in own:
            body[at] = True
            wanted.update(reads[at])
    filled = {changed[key] for at, own in enumerate(gives) if body[at] for key in own if key in changed}
    for at, own in enumerate(gives):  # what the body fills begins empty in each round
        body[at] = body[at] or not filled.isdisjoint(own)
    _with_operands(document, program, body)
    last = max(at for at, inside in enumerate(body) if inside)
    inner = {key for at, own in enumerate(gives) if body[at] for key in own}
    later = [False] * len(program)
    for at, item in enumerate(program):
        if body[at]:
            continue
        behind = not inner.isdisjoint(reads[at]) or (late[at] and at < last and _looks(document, item))
        if behind:
            inner.update(gives[at])
        later[at] = behind or (at > last and wanted.isdisjoint(gives[at]))
    _with_operands(document, program, later)
    before = (item for at, item in enumerate(program) if not body[at] and not later[at])
    after = (item for at, item in enumerate(program) if not body[at] and later[at])
    return Parts(tuple(before), tuple(item for at, item in enumerate(program) if body[at]), tuple(after))


def _with_operands(document: Document, program: tuple[Item, ...], chosen: list[bool]) -> None:
    """Nameless values that only one item reads go along with it."""
    owner = {name: at for at, item in enumerate(program) for name in tree.defined(item)}
    for at in reversed(range(len(program))):
        for name in operands(document, item_key(program[at])) if chosen[at] else ():
            chosen[owner[name]] = chosen[owner[name]] or owner[name] < at


def _has(document: Document, item: Item, effects: tuple[str, ...]) -> bool:
    if isinstance(item, Eval):  # most are
        return item.node in document.nodes and table.effect_of(document.nodes[item.node].op) in effects
    nodes = (document.nodes.get(getattr(one, "node", "")) for one in walk((item,)))
    return any(node is not None and table.effect_of(node.op) in effects for node in nodes)


def _looks(document: Document, item: Item) -> bool:
    """Whether an item does something, or looks at a gradient."""
    return isinstance(item, Effect) or _reads_grad(document, item)


def _reads_grad(document: Document, item: Item) -> bool:
    nodes = (document.nodes.get(getattr(one, "node", "")) for one in walk((item,)))
    return any(node is not None and node.op in GRAD for node in nodes)


def _works(document: Document, item: Item, optimizers: set[str]) -> bool:
    """Whether an item is part of a training's step: backward, zero, step, clipping, an update by hand."""
    if _has(document, item, _MACHINERY):
        return True
    nodes = [document.nodes.get(getattr(one, "node", "")) for one in walk((item,)) if isinstance(one, Effect)]
    for node in nodes:
        if node is None:
            continue
        effect = table.effect_of(node.op)
        if node.op in CLIPS.values() or node.op.startswith("setattr.grad"):
            return True
        if effect in ("in-place", "assign") and feeds_on_grad(document, node):
            return True
    return False


def feeds_on_grad(document: Document, node: Node, depth: int = 6) -> bool:
    """Whether a gradient leads to a node within a few steps."""
    for wire in node.inputs():
        maker = document.nodes.get(wire.node or "")
        if maker is not None and (maker.op in GRAD or (depth and feeds_on_grad(document, maker, depth - 1))):
            return True
    return False
