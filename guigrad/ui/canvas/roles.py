"""Which nodes have a card: all but those that only serve an effect, a loop's head or a test.

Note [Drawn]
A named node has a card, and so has an expression that nothing reads. Any other node has one if a node that has one reads it, other
than as an operand of an effect (``0.1 * w.grad`` in ``w -= 0.1 * w.grad`` stays inside the effect's pill). An effect has one
if it yields a value under a name (``y += 1``) or one that something reads, or is the result of a function; ``backward()`` and ``print`` live on the rail alone. A loop's variable,
and one that is first given a value inside, has a card only if one reads it: the bracket names the one, a card inside gives the other. The nodes of a function have their cards inside it alone.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Iterator

from guigrad.document.index import moved_alone
from guigrad.document.layout import begins_empty
from guigrad.document.model import RETURN, Branch, Document, Effect, Eval, Item, Loop, Node, Region, wires_in
from guigrad.document.scope import owners

EVAL, EFFECT, CARRY, VARIABLE = "eval", "effect", "carry", "variable"


class Roles:
    """What each node is in the program, who reads it, and so whether it has a card. Kept in step with Diffs by id."""

    def __init__(self) -> None:
        self.role: dict[str, str] = {}
        self.readers: dict[str, Counter[str]] = {}
        self.heads: Counter[str] = Counter()
        self.inputs: dict[str, tuple[str, ...]] = {}

    def add_items(self, items: tuple[Item, ...], sign: int = 1) -> set[str]:
        """Takes in (or with sign -1 forgets) a stretch of the program; the ids it touches."""
        touched: set[str] = set()
        for key, role in _walk(items):
            touched.add(key)
            if role == "head":
                self.heads[key] += sign
            elif sign > 0:
                self.role[key] = role
            elif self.role.get(key) == role:
                del self.role[key]
        return touched

    def set_inputs(self, key: str, inputs: tuple[str, ...]) -> tuple[str, ...]:
        """The nodes that a node reads now; those it read before."""
        before = self.inputs.pop(key, ())
        for source in before:
            found = self.readers[source]
            found[key] -= 1
            if found[key] <= 0:
                del found[key]
        if inputs:
            self.inputs[key] = inputs
            for source in inputs:
                self.readers.setdefault(source, Counter())[key] += 1
        return before

    def above(self, document: Document, keys: Iterable[str]) -> set[str]:
        """These nodes and the unnamed ones that serve them: all whose card may come or go with them."""
        found: set[str] = set()
        stack = list(keys)
        while stack:
            key = stack.pop()
            if key in found:
                continue
            found.add(key)
            node = document.nodes.get(key)
            if node is None or node.name is None or self._is_bare(key, node):
                stack.extend(self.inputs.get(key, ()))
        return found

    def drawn(self, document: Document, keys: Iterable[str]) -> dict[str, bool]:
        """Whether each of these nodes has a card. See Note [Drawn]."""
        known: dict[str, bool] = {}
        for start in keys:
            stack = [start]
            while stack:
                key = stack[-1]
                if key in known:
                    stack.pop()
                    continue
                waiting = [r for r in self._askers(document, key) if r not in known and r not in stack]
                if waiting:
                    stack.extend(waiting)
                    continue
                known[key] = self._answer(document, key, known)
                stack.pop()
        return known

    def _askers(self, document: Document, key: str) -> tuple[str, ...]:
        node = document.nodes.get(key)
        role = self.role.get(key)
        bare = node is not None and self._is_bare(key, node)
        if node is None or (not bare and (node.name is not None or role == CARRY)) or node.outputs or role == EFFECT:
            return ()
        return tuple(r for r in self.readers.get(key, ()) if self._shows_inputs(document, r))

    def _answer(self, document: Document, key: str, known: dict[str, bool]) -> bool:
        node = document.nodes.get(key)
        if node is None:
            return False
        role = self.role.get(key)
        if role is None and document.functions and key in owners(document):
            return False
        bare = self._is_bare(key, node)
        if node.outputs or (not bare and (node.name is not None or role == CARRY)):
            return True
        readers = self.readers.get(key, ())
        if role == EFFECT:
            return bool(readers) or node.op == RETURN
        if role == EVAL and not readers and not self.heads[key]:
            return True
        if role is None and not readers:
            return True
        return any(known.get(r, False) for r in readers if self._shows_inputs(document, r))

    def _is_bare(self, key: str, node: Node) -> bool:
        """Whether a node is a variable that begins without a value."""
        role = self.role.get(key)
        return role == VARIABLE or (role == CARRY and begins_empty(node))

    def _shows_inputs(self, document: Document, key: str) -> bool:
        """Whether a node's operands stand outside it: all but those of effects, and also those of a function's result."""
        return self.role.get(key) != EFFECT or document.nodes[key].op == RETURN


def _walk(items: tuple[Item, ...]) -> Iterator[tuple[str, str]]:
    for item in items:
        match item:
            case Eval():
                yield item.node, EVAL
            case Effect():
                yield item.node, EFFECT
            case Loop():
                yield item.var, VARIABLE
                yield from ((w.node, "head") for w in wires_in(item.iter) if w.node is not None)
            case Branch():
                yield from ((w.node, "head") for w in wires_in(item.test) if w.node is not None)
            case Region():
                yield from ((w.node, "head") for w in wires_in(item.args) if w.node is not None)
        if isinstance(item, Loop | Branch):
            yield from ((carry.port, CARRY) for carry in item.carried)
        if isinstance(item, Loop | Branch | Region):
            yield from _walk(item.body)
        if isinstance(item, Branch):
            yield from _walk(item.orelse)


def changed_stretch(before: tuple[Item, ...], after: tuple[Item, ...]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Without the items that both begin and end with: what left and what came; of one that only changed its place, it alone."""
    start = _common(before, after)
    limit = min(len(before), len(after)) - start
    end = min(limit, _common(before[::-1], after[::-1]))
    stretch = before[start : len(before) - end], after[start : len(after) - end]
    return moved_alone(*stretch) or stretch


def _common(before: tuple[Item, ...], after: tuple[Item, ...]) -> int:
    """How many items both begin with. Most are the very same objects, and those are passed over at once."""
    same = list(map(operator.is_, before, after))
    place = 0
    while place < len(same):
        try:
            place = same.index(False, place)
        except ValueError:
            return len(same)
        if not _same(before[place], after[place]):
            return place
        place += 1
    return place


def _same(one: Item, other: Item) -> bool:
    # Values inside a loop's head compare as Python's numbers do (1 == True), so a rebuilt loop counts as changed.
    return one is other or (isinstance(one, Eval | Effect) and one == other)
