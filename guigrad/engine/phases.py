"""Which loop of a program trains, and which part of a step each item is. See Note [Steps] in run/training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from msgspec import Struct

from guigrad.document.closures import function_of, is_closure, played
from guigrad.document.model import (
    Branch,
    Carried,
    Document,
    Effect,
    Eval,
    In,
    Item,
    Loop,
    Region,
    item_inputs,
    item_key,
    walk,
)
from guigrad.engine.effects import GRAD_READS, is_in_place

_GRADIENTS = ("torch.autograd.grad", "torch.autograd.functional.", "torch.func.")
_PHASE_OF_ROLE = {"backward": "backward", "update": "step", "scheduler": "step", "zero": "zero_grad"}
_STRENGTH = ("zero_grad", "backward", "step")


class Piece(Struct, frozen=True):
    """Items in a row of one phase. ``last``: the next piece is of another phase; ``number`` counts the pieces of a step."""

    phase: str
    items: tuple[Item, ...]
    number: int = 0
    last: bool = True


class Within(Struct, frozen=True):
    """Pieces inside a region, which is entered around them."""

    region: Region
    pieces: tuple[Piece | Within, ...]


Part = Piece | Within


def step_loops(document: Document, roles: Mapping[str, str]) -> tuple[str, ...]:
    """The ids of the loops whose rounds are steps, in program order."""
    found: list[str] = []
    outer: list[str] = []

    def visit(items: tuple[Item, ...], top: bool) -> None:
        for item in items:
            match item:
                case Loop():
                    if top:
                        outer.append(item.id)
                    if any(_trains(document, roles, own) for own in _own(item.body)):
                        found.append(item.id)
                    else:
                        visit(item.body, False)
                case Region() if not is_closure(item):
                    visit(item.body, top)
                case Branch():
                    visit(item.body, top)
                    visit(item.orelse, top)

    visit(document.program, True)
    return tuple(found or outer)


def _own(items: tuple[Item, ...]) -> Iterator[Item]:
    """Every item of a body but for those inside of inner loops."""
    for item in items:
        match item:
            case Region() if not is_closure(item):
                yield from _own(item.body)
            case Branch():
                yield from _own(item.body)
                yield from _own(item.orelse)
            case Eval() | Effect():
                yield item


def _trains(document: Document, roles: Mapping[str, str], item: Item) -> bool:
    return phase_of(document, roles, item) in ("backward", "step") and roles.get(item_key(item)) != "scheduler"


def phase_of(document: Document, roles: Mapping[str, str], item: Item) -> str:
    """The phase that an item begins or goes on with, "" for one that can be in any."""
    if isinstance(item, Eval | Effect):
        node = document.nodes.get(item.node)
        if node is not None and node.op.startswith(_GRADIENTS):
            return "backward"
        return _PHASE_OF_ROLE.get(roles.get(item.node, "play"), "")
    if is_closure(item):
        return ""  # what is in it is played by the step that calls it
    inner = {phase_of(document, roles, own) for own in walk((item,)) if isinstance(own, Eval | Effect)}
    return max(inner & set(_STRENGTH), key=_STRENGTH.index, default="")


def parts_of(document: Document, roles: Mapping[str, str], loop: Loop) -> tuple[Part, ...]:
    """A step's items as pieces, each of one phase."""
    body = loop.body
    flat = list(_flat(document, roles, body))
    names = _names(document, roles, flat, loop.carried)
    last_backward = max((at for at, name in enumerate(names) if name == "backward"), default=-1)
    phase = "forward"
    for at, name in enumerate(names):
        if name and name != "?":
            phase = name
        elif not name and at < last_backward:
            phase = "forward"
        names[at] = phase
    pieces = iter(names)
    numbered = _build(document, roles, body, pieces, [0])
    leaves = list(_leaves(numbered))
    ends = {one.number: one.phase != other.phase for one, other in pairwise(leaves)}
    return tuple(_ended(part, ends) for part in numbered)


def _names(document: Document, roles: Mapping[str, str], flat: list[Item], carried: tuple[Carried, ...]) -> list[str]:
    """The phase of each item by itself; "?" goes on with what is there. Operands belong to what reads them."""
    names = [phase_of(document, roles, item) for item in flat]
    _find_updates(document, flat, names, carried)
    readers: dict[str, int] = {}
    for at in reversed(range(len(flat))):
        item = flat[at]
        if is_closure(item):
            names[at] = names[readers[key]] if (key := function_of(document, item)) in readers else "?"
        elif isinstance(item, Eval | Effect) and not names[at]:
            role = roles.get(item.node, "play")
            if role == "print":
                names[at] = "?"
            elif role == "operand":
                names[at] = names[readers[item.node]] if item.node in readers else "?"
        inner = (item,) if isinstance(item, Eval | Effect) else walk((item,))
        for one in inner:
            for wire in item_inputs(document, one):
                if wire.node is not None:
                    readers[wire.node] = at
    return names


def _find_updates(document: Document, flat: list[Item], names: list[str], carried: tuple[Carried, ...]) -> None:
    """Updates by hand from gradients that ``autograd.grad`` gave: in place, or as the new value of a variable that the loss is made from."""
    nodes = document.nodes
    sources = {wire.node: carry.port for carry in carried for wire in carry.updates}
    above: set[str] = set()
    for at in reversed(range(len(flat))):
        for item in walk((flat[at],)):
            if names[at] == "backward" or item_key(item) in above:
                above |= {wire.node for wire in item_inputs(document, item) if wire.node is not None}
    given: set[str] = set()
    for at, outer in enumerate(flat):
        for item in walk((outer,)):
            node = nodes.get(item.node) if isinstance(item, Eval | Effect) else None
            if node is None:
                continue
            if node.op.startswith(_GRADIENTS) or node.op in GRAD_READS:
                given.add(node.id)
            elif any(wire.node in given for wire in node.inputs()):
                given.add(node.id)
                if not names[at] and (is_in_place(node) or sources.get(node.id) in above):
                    names[at] = "step"


def _flat(document: Document, roles: Mapping[str, str], items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        if _opens(document, roles, item):
            assert isinstance(item, Region)
            yield from _flat(document, roles, item.body)
        else:
            yield item


def _opens(document: Document, roles: Mapping[str, str], item: Item) -> bool:
    """A region that a step can stop inside of; torch's inference mode cannot be left and entered again."""
    if not isinstance(item, Region) or item.kind in ("inference_mode", "closure"):
        return False
    return len({phase_of(document, roles, inner) for inner in item.body} - {""}) > 1


def _build(
    document: Document, roles: Mapping[str, str], items: tuple[Item, ...], phases: Iterator[str], count: list[int]
) -> tuple[Part, ...]:
    found: list[Part] = []
    run: list[Item] = []
    now = ""

    def close() -> None:
        if run:
            found.append(Piece(now, tuple(run), count[0]))
            count[0] += 1
            run.clear()

    for item in items:
        if _opens(document, roles, item):
            assert isinstance(item, Region)
            close()
            found.append(Within(item, _build(document, roles, item.body, phases, count)))
            continue
        phase = next(phases)
        if phase != now:
            close()
            now = phase
        run.append(item)
    close()
    return tuple(found)


def _leaves(parts: tuple[Part, ...]) -> Iterator[Piece]:
    for part in parts:
        if isinstance(part, Within):
            yield from _leaves(part.pieces)
        else:
            yield part


def _ended(part: Part, ends: Mapping[int, bool]) -> Part:
    if isinstance(part, Within):
        return Within(part.region, tuple(_ended(inner, ends) for inner in part.pieces))
    return Piece(part.phase, part.items, part.number, ends.get(part.number, False))


def count_of(parts: tuple[Part, ...]) -> int:
    """How many pieces there are."""
    return sum(1 for _ in _leaves(parts))


def phases_of(parts: tuple[Part, ...]) -> tuple[str, ...]:
    """The phases of a step in the order in which they are played."""
    names = [piece.phase for piece in _leaves(parts)]
    return tuple(name for at, name in enumerate(names) if at == 0 or names[at - 1] != name)


def losses(document: Document, loop: Loop, roles: Mapping[str, str]) -> tuple[In, ...]:
    """What the backwards of a step start from."""
    found: dict[In, None] = {}
    for item in played(document, loop.body):
        node = document.nodes.get(item_key(item)) if isinstance(item, Eval | Effect) else None
        if node is None or phase_of(document, roles, item) != "backward":
            continue
        first = node.args[0] if node.args else None
        if isinstance(first, In) and first.node is not None:
            found[first] = None
    return tuple(found)
