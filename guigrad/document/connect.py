"""May this wire be drawn? The structural answer: ports, types and cycles. What shapes say, the engine tells a frame later."""

from __future__ import annotations

from guigrad.document import order, ports, tree
from guigrad.document.kinds import result_kind, results
from guigrad.document.model import PARAM, Branch, Document, In, Loop, Node, Region
from guigrad.document.scope import owners, whole_of
from guigrad.ops.bind import NEVER, Kind, element, fits
from guigrad.ops.table import by_key, find

NEAR = 256
"""Items between source and reader up to which it is also asked whether effects keep them apart; beyond that only when wired."""

NAMED = 7
"""Names of a cycle that are written out."""

_NOTHING = frozenset(("None", "()"))


def why_not_connect(document: Document, source: str, output: int, target: str, path: str) -> str | None:
    """Why a wire from an output of ``source`` to a port of ``target`` (a node, or a loop's, branch's or region's head) cannot
    be; None if it can."""
    apart = _apart(document, source, target) if document.functions else None
    if apart is not None:
        return apart
    node = document.nodes.get(source)
    if node is None:
        return f"there is no {source}"
    if source == target:
        return f"that closes a cycle: {order.name(document, source)} would be its own input"
    reader = document.nodes.get(target)
    if picks(document, source, output, target):
        words_ = results(node)
        given: Kind = words_[output] if 0 <= output < len(words_) else "any"
    else:
        given = result_kind(document, In(source, output))
    if given in _NOTHING:
        return f"{order.name(document, source)} gives no value"
    reason = _no_port(document, target, path) if reader is None else _no_fit(reader, path, given)
    if reason:
        return reason
    spots = tree.spots(document)
    if source not in spots or target not in spots:
        return f"{order.name(document, source if source not in spots else target)} is not in the program"
    if tree.is_visible(document, source, target):
        return None
    if reaches(document, target, source):
        return f"that closes a cycle: {_named(document, cycle(document, source, target))}"
    return _no_order(document, source, target)


def _apart(document: Document, source: str, target: str) -> str | None:
    """Why two nodes of different functions cannot be wired."""
    whole = whole_of(document)
    inner = owners(whole)
    first, second = inner.get(source, ""), inner.get(target, "")
    if first == second or source not in whole.nodes or (target not in inner and target not in whole.nodes):
        return None
    where = [f"inside {whole.functions[key].name}" if key else "in the main program" for key in (first, second)]
    name = order.name(whole, source)
    return f"{name} is {where[0]}, this is {where[1]}: wires go in and out of a function only through its ports"


def picks(document: Document, source: str, output: int, target: str) -> bool:
    """Whether this wire takes one of several values that no names were given to, as ``x.max(0)[1]`` does.

    The first output is the whole tuple only for Python's own functions: ``print(x.max(0))``.
    """
    node, reader = document.nodes[source], document.nodes.get(target)
    if node.outputs:
        return False
    whole = reader is None or reader.op.startswith(("python.", "builtins.", "operator.getitem", "getattr."))
    return output > 0 or (len(results(node)) > 1 and not whole)


def movable_into(document: Document, source: str, target: str) -> tree.Spot | None:
    """The body that a reader may move into to see a value computed inside a loop or branch: only a pure node that nothing
    reads yet (one just dropped) follows its first wire there."""
    if tree.meeting(document, source, target) is not None or target not in document.nodes:
        return None
    spots = tree.spots(document)
    item = tree.item_at(document.program, spots[target])
    if (
        document.consumers.get(target)
        or order.marks(document, item) & ~order.Mark.READS
        or target not in tree.keys(item)
    ):
        return None
    above = spots[source][:-1]
    needed = (wire.node for wire in document.nodes[target].inputs() if wire.node is not None)
    last = (*above, len(tree.body_at(document.program, above)))
    return above if all(_sees(document, key, last) for key in needed) else None


def _sees(document: Document, key: str, spot: tree.Spot) -> bool:
    at = tree.spots(document)[key]
    return at[:-1] == spot[: len(at) - 1] and at < spot


def reaches(document: Document, start: str, goal: str) -> bool:
    """Whether ``goal`` needs ``start``: along wires, and through loops and branches as a whole."""
    return bool(_way(document, start, goal))


def cycle(document: Document, source: str, target: str) -> tuple[str, ...]:
    """The nodes of the cycle that a wire from ``source`` to ``target`` would close, from the target on; none if it closes none."""
    spots = tree.spots(document)
    if source not in spots or target not in spots:
        return ()
    return (source,) if source == target else _way(document, target, source)


def _named(document: Document, keys: tuple[str, ...]) -> str:
    """ "t1 → t2 → t1"; the middle of a long cycle is left out."""
    names = [order.name(document, key) for key in keys]
    shown = names if len(names) <= NAMED else [*names[: NAMED - 2], "…", *names[-2:]]
    return " → ".join([*shown, names[0]]) if names else "through a loop"


def _way(document: Document, start: str, goal: str) -> tuple[str, ...]:
    """Items from one to the other, each needing the one before; none if there is no way."""
    spots, consumers, program = tree.spots(document), document.consumers, document.program
    depth, limit = len(spots[start]), spots[goal]
    seen: dict[str, str] = {start: ""}
    stack = [start]
    while stack:
        key = stack.pop()
        if key == goal:
            way = [key]
            while seen[way[-1]]:
                way.append(seen[way[-1]])
            return tuple(reversed(way))
        if key in document.nodes:
            spot = spots[key]
            new = consumers.get(key, ())
            if len(spot) > depth:  # inside a loop: whatever comes out of it needs the start too
                new = (*new, *_outlets(tree.item_at(program, spot[:depth])))
        else:
            new = (*tree.defined(tree.item_at(program, spots[key])),)
        for reader in new:
            if reader not in seen and spots[reader][:depth] <= limit:
                seen[reader] = key
                stack.append(reader)
    return ()


def _outlets(item: object) -> tuple[str, ...]:
    if isinstance(item, Loop | Branch):
        return tuple(carry.port for carry in item.carried)
    return ()


def _no_port(document: Document, target: str, path: str) -> str | None:
    spot = tree.spots(document).get(target)
    if spot is None:
        return f"there is no {target}"
    item = tree.item_at(document.program, spot)
    if isinstance(item, Loop) and path == "iter":
        return None
    if isinstance(item, Branch) and path == "test":
        return None
    if isinstance(item, Region) and path == "args[0]" and item.args:
        return None
    return f"{order.name(document, target)} has no port {path!r}"


def _no_fit(reader: Node, path: str, given: Kind) -> str | None:
    if reader.op == PARAM:
        return "the default of a parameter is a constant"
    found = ports.port_at(reader, path)
    if found is None:
        return f"{reader.name or reader.op} has no port {path!r}"
    type_ = element(found.type) if path.endswith("]") and "[" in found.type and "|" not in found.type else found.type
    if type_ != "any" and fits(given, type_) == NEVER:
        return f"{path} takes {words(type_)}, this is {words(given)}"
    return None


_MATRIX = frozenset(
    (
        "matmul",
        "mm",
        "bmm",
        "mv",
        "dot",
        "inner",
        "outer",
        "einsum",
        "addmm",
        "addmv",
        "addr",
        "baddbmm",
        "cross",
        "kron",
    )
)


def broadcasts(op: str) -> bool:
    """Whether an op works element by element and repeats the entries of smaller inputs."""
    row = find(op)
    front = (
        row if row is None or row.front else by_key(op.rpartition(".")[2].removeprefix("i").removesuffix("_")) or row
    )
    return front is not None and front.family in ("math", "comparison") and front.key not in _MATRIX


def words(type_: Kind) -> str:
    """A type word in a sentence."""
    if isinstance(type_, tuple):
        return "a list"
    plain = type_.removesuffix("?")
    known = {
        "Tensor": "a tensor",
        "int": "a whole number",
        "float": "a number",
        "Scalar": "a number",
        "bool": "True or False",
        "any": "anything",
    }
    if plain.startswith(("Tensor[", "Tensor?[")):
        return "a list of tensors"
    if plain.startswith("int["):
        return "a list of whole numbers"
    return known.get(plain, "text" if plain == "str" else f"a {plain}")


def _no_order(document: Document, source: str, target: str) -> str | None:
    met = tree.meeting(document, source, target)
    if met is None:
        if movable_into(document, source, target) is not None:
            return None
    elif abs(met[0][-1] - met[1][-1]) > NEAR:
        return None
    try:
        order.make_room(document, source, target)
    except order.Illegal as error:
        return str(error)
    return None
