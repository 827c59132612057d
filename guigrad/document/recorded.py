"""What of a document cannot be run: nodes that a live graph was made of, and all that reads them."""

from __future__ import annotations

import io
import re
import tokenize

from guigrad.document.model import Branch, Document, Item, Loop, Region, callee, item_inputs, item_key, walk
from guigrad.ops.table import RECORDED

MARK = "# recorded: "
"""How a line of code begins that shows what cannot be run; parse reads what stands behind it."""

ABOUT = f"{MARK[:-2]} on a live graph. Lines that begin like this show what torch did there; they cannot be run."

WHY = "torch made these nodes in a program of its own and tells their grad_fns alone, not the calls that would make them again."

_MARKED = re.compile(rf"^([ \t]*){re.escape(MARK)}(?=\S)", re.MULTILINE)


def is_recorded(document: Document) -> bool:
    """Whether any node is of a live graph."""
    return any(node.op.startswith(RECORDED) for node in document.nodes.values())


def not_runnable(document: Document) -> frozenset[str]:
    """Keys of the nodes and items that cannot be run: recorded nodes, what reads them, and loops and branches around either."""
    if not is_recorded(document):
        return frozenset()
    dead: set[str] = set()
    bad_functions: set[str] = set()
    for _ in range(len(document.functions) + 1):  # a function may call one that is defined after it
        for key, function in document.functions.items():
            _items(document, function.program, dead, bad_functions)
            if any(item_key(item) in dead for item in walk(function.program)):
                bad_functions.add(key)
    _items(document, document.program, dead, bad_functions)
    return frozenset(dead)


def _items(document: Document, items: tuple[Item, ...], dead: set[str], functions: set[str]) -> bool:
    """Adds what is dead in a body; whether anything is."""
    found = False
    for item in items:
        key = item_key(item)
        reads = any(wire.node in dead for wire in item_inputs(document, item))
        if isinstance(item, Region):
            found |= _items(document, item.body, dead, functions)
            continue
        if isinstance(item, Loop | Branch):
            bodies = (item.body,) if isinstance(item, Loop) else (item.body, item.orelse)
            inside = [_items(document, body, dead, functions) for body in bodies]
            if reads or any(inside):
                dead.add(key)
                dead.update(carry.port for carry in item.carried)
                dead.update(item_key(inner) for body in bodies for inner in walk(body))
                if isinstance(item, Loop):
                    dead.add(item.var)
        else:
            node = document.nodes.get(key)
            if reads or (node is not None and (node.op.startswith(RECORDED) or callee(node) in functions)):
                dead.add(key)
        found |= key in dead
    return found


def unmask(source: str) -> str:
    """A script with what stands behind ``# recorded:`` as lines of their own; line numbers stay."""
    if MARK not in source:
        return source
    try:  # in a text over several lines it is a text
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        lines = {token.start[0] for token in tokens if token.type == tokenize.COMMENT and token.string.startswith(MARK)}
    except (tokenize.TokenError, SyntaxError):
        return source
    rows = source.split("\n")
    for line in lines:
        rows[line - 1] = _MARKED.sub(r"\1", rows[line - 1])
    return "\n".join(rows)
