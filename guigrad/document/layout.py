"""Where cards go that nobody has placed: columns from left to right, wires short and straight, the same every time.

Note [Rows]
Up to 2,000 nodes the graph is cut into chains, each node following the input that lies deepest; a chain takes one row, the
nearest free one to what it hangs on, so that the main line of a network is straight and leaves lie under their readers.
Half of the wires are straight this way, and the mean wire spans a quarter of the rows that fast-sugiyama made it span (1,000
random nodes: 2.5 against 11.7, in 0.1 s against 0.8). Beyond that a node's row is the mean of its inputs', in linear time.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Mapping

from guigrad.document.model import Branch, Document, Effect, Eval, In, Item, Loop, Node, View
from guigrad.document.names import owned_nodes
from guigrad.document.tree import bodies

COLUMN_PX, ROW_PX = 240.0, 168.0
"""Distance of cards that are 176 px wide and 112 to 168 px high."""

CHAINS = 2000
"""Up to how many nodes rows are found by chains. See Note [Rows]."""


def shown_nodes(document: Document) -> tuple[str, ...]:
    """The nodes that have cards, in program order: not the operands hidden in pills, not statements without a value, not variables that
    no card reads and that begin without a value.
    """
    owned, nodes = owned_nodes(document), document.nodes
    found = [key for key in _nodes(document, document.program) if key in nodes and key not in owned]
    cards = set(found)
    unread = {key for key in found if begins_empty(nodes[key]) and cards.isdisjoint(document.consumers.get(key, ()))}
    return tuple(key for key in found if key not in unread)


def begins_empty(node: Node) -> bool:
    """Whether a node is a loop's variable, or one of a loop or branch that is first given a value inside."""
    return node.op == "python.loop_var" or (node.op == "python.carry" and node.args in ((), (In(None),)))


def _nodes(document: Document, items: tuple[Item, ...]) -> Iterable[str]:
    consumers = document.consumers
    for item in items:
        match item:
            case Eval():
                yield item.node
            case Effect():
                node = document.nodes.get(item.node)
                if node is not None and (node.name is not None or node.outputs or consumers.get(item.node)):
                    yield item.node
            case Loop() | Branch():
                if isinstance(item, Loop):
                    yield item.var
                yield from (carry.port for carry in item.carried)
        for body in bodies(item):
            yield from _nodes(document, body)


def layout(document: Document, only: Iterable[str] | None = None) -> dict[str, View]:
    """Places for the cards that have none, beside those that have; or anew for ``only`` these, which keep their upper left corner.

    Deterministic; nothing else moves.
    """
    cards = shown_nodes(document)
    if only is None:
        wanted = [key for key in cards if key not in document.views]
        if not wanted:
            return {}
        found = _views(document, cards)
        return _beside(document, found, wanted)
    chosen = set(only)
    wanted = [key for key in cards if key in chosen]
    found = _views(document, wanted)
    old = [document.views[key] for key in wanted if key in document.views]
    if not old or not found:
        return found
    dx = min(view.x for view in old) - min(view.x for view in found.values())
    dy = min(view.y for view in old) - min(view.y for view in found.values())
    return {
        key: View(view.x + dx, view.y + dy, document.views[key].collapsed if key in document.views else False)
        for key, view in found.items()
    }


def _views(document: Document, cards: Iterable[str]) -> dict[str, View]:
    keys = list(dict.fromkeys(cards))
    inputs = _inputs(document, keys)
    found: dict[str, View] = {}
    top = 0.0
    for part in _parts(keys, inputs):
        columns = _columns(part, inputs)
        rows = _chains(part, inputs, columns) if len(part) <= CHAINS else _means(part, inputs, columns)
        low = min(rows.values())
        for key in part:
            found[key] = View(columns[key] * COLUMN_PX, (rows[key] - low + top) * ROW_PX)
        top += max(rows.values()) - low + 1
    return found


def _inputs(document: Document, keys: list[str]) -> dict[str, list[str]]:
    """For each card the cards that it reads, in port order, each once."""
    known = set(keys)
    result = {}
    for key in keys:
        node: Node = document.nodes[key]
        sources = (wire.node for wire in node.inputs())
        result[key] = list(
            dict.fromkeys(source for source in sources if source in known and source != key and source is not None)
        )
    return result


def _parts(keys: list[str], inputs: Mapping[str, list[str]]) -> list[list[str]]:
    """The connected parts, each in program order, by their first node."""
    boss = {key: key for key in keys}

    def find(key: str) -> str:
        while boss[key] != key:
            boss[key] = boss[boss[key]]
            key = boss[key]
        return key

    for key in keys:
        for source in inputs[key]:
            boss[find(key)] = find(source)
    parts: dict[str, list[str]] = {}
    for key in keys:
        parts.setdefault(find(key), []).append(key)
    return list(parts.values())


def _columns(part: list[str], inputs: Mapping[str, list[str]]) -> dict[str, int]:
    """Each node one column right of its last input; a leaf one left of its first reader."""
    columns: dict[str, int] = {}
    for key in part:  # program order: inputs come first, unless the document is broken
        columns[key] = max((columns.get(source, -1) for source in inputs[key]), default=-1) + 1
    nearest: dict[str, int] = {}
    for key in part:
        for source in inputs[key]:
            if not inputs[source]:
                nearest[source] = min(nearest.get(source, columns[key]), columns[key])
    for key, column in nearest.items():
        columns[key] = max(column - 1, 0)
    return columns


def _chains(part: list[str], inputs: Mapping[str, list[str]], columns: Mapping[str, int]) -> dict[str, float]:
    """See Note [Rows]."""
    follower: dict[str, str] = {}
    leader: dict[str, str] = {}
    for key in part:
        deepest = sorted(inputs[key], key=lambda source: -columns[source])
        for source in deepest:
            if source not in follower and columns[source] < columns[key]:
                follower[source], leader[key] = key, source
                break
    chains = []
    for key in part:
        if key not in leader:
            chain = [key]
            while chain[-1] in follower:
                chain.append(follower[chain[-1]])
            chains.append(chain)
    place = {key: index for index, key in enumerate(part)}
    readers: dict[str, list[str]] = defaultdict(list)
    for key in part:
        for source in inputs[key]:
            readers[source].append(key)
    chains.sort(key=lambda chain: (-len(chain), place[chain[0]]))
    rows: dict[str, float] = {}
    taken: dict[int, list[tuple[int, int]]] = defaultdict(list)
    waiting = chains
    while waiting:
        # the chain that hangs on most that is placed comes next, the longest of equals
        def bonds(chain: list[str]) -> int:
            return sum(1 for key in chain for other in (*inputs[key], *readers[key]) if other in rows)

        chain = max(waiting, key=bonds)
        waiting = [other for other in waiting if other is not chain]
        near = [rows[other] for key in chain for other in (*inputs[key], *readers[key]) if other in rows]
        row = _free_row(taken, columns[chain[0]], columns[chain[-1]], round(sum(near) / len(near)) if near else 0)
        insort(taken[row], (columns[chain[0]], columns[chain[-1]]))
        rows.update(dict.fromkeys(chain, float(row)))
    return rows


def _free_row(taken: Mapping[int, list[tuple[int, int]]], first: int, last: int, wanted: int) -> int:
    """The row nearest to the wanted one where these columns are free, below rather than above."""
    for distance in range(len(taken) + 2):
        for row in (wanted + distance, wanted - distance):
            spans = taken.get(row, ())
            at = bisect_left(spans, (first, first))
            before = at > 0 and spans[at - 1][1] >= first
            behind = at < len(spans) and spans[at][0] <= last
            if not before and not behind:
                return row
    return wanted + len(taken) + 2


def _means(part: list[str], inputs: Mapping[str, list[str]], columns: Mapping[str, int]) -> dict[str, float]:
    order: dict[int, list[str]] = defaultdict(list)
    for key in part:
        order[columns[key]].append(key)
    place = {key: index for index, key in enumerate(part)}
    rows: dict[str, float] = {}
    for column in sorted(order):
        wanted = {}
        for key in order[column]:
            near = [rows[source] for source in inputs[key] if source in rows]
            wanted[key] = sum(near) / len(near) if near else 0.0
        ranked = sorted(order[column], key=lambda key: (wanted[key], place[key]))
        low = wanted[ranked[len(ranked) // 2]] - len(ranked) // 2
        for index, key in enumerate(ranked):
            rows[key] = float(round(low) + index)
    return rows


def _beside(document: Document, found: dict[str, View], wanted: list[str]) -> dict[str, View]:
    """The found places of the wanted cards, shifted to where the others really lie, and never on top of one."""
    placed = [(document.views[key], view) for key, view in found.items() if key in document.views]
    if not placed:
        return {key: found[key] for key in wanted}
    dx = sorted(real.x - view.x for real, view in placed)[len(placed) // 2]
    dy = sorted(real.y - view.y for real, view in placed)[len(placed) // 2]
    full: dict[tuple[int, int], list[View]] = defaultdict(list)
    for view in document.views.values():
        full[_cell(view)].append(view)
    result = {}
    for key in wanted:
        view = View(found[key].x + dx, found[key].y + dy)
        while _hits(full, view):
            view = View(view.x, view.y + ROW_PX)
        full[_cell(view)].append(view)
        result[key] = view
    return result


def _cell(view: View) -> tuple[int, int]:
    return (int(view.x // COLUMN_PX), int(view.y // ROW_PX))


def _hits(full: Mapping[tuple[int, int], list[View]], view: View) -> bool:
    column, row = _cell(view)
    return any(
        abs(other.x - view.x) < COLUMN_PX * 0.85 and abs(other.y - view.y) < ROW_PX * 0.85
        for x in (column - 1, column, column + 1)
        for y in (row - 1, row, row + 1)
        for other in full.get((x, y), ())
    )
