"""Carries what is known about a document over to the next one, so that an edit of one node does not walk the program.

``spots`` (tree), ``consumers`` (model) and the highest number among the ids are worked out once for a document and then kept
up by every Diff.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, compress, count
from operator import is_, is_not
from typing import TYPE_CHECKING

from guigrad.document import tree
from guigrad.document.model import Document, Function, Item, item_inputs, item_key

if TYPE_CHECKING:
    from guigrad.document.diff import Diff


def carry_over(old: Document, new: Document, diff: Diff) -> None:
    """Gives ``new`` (which is ``old`` after ``diff``) what was already known of ``old``."""
    known = old.__dict__
    if not known.keys() & {"last_id", "spots", "updates"}:
        return
    before: tuple[Item, ...] = ()
    after: tuple[Item, ...] = ()
    start = stop = 0
    if old.program is not new.program:
        start, stop = _common(old.program, new.program)
        before = old.program[start : len(old.program) - stop]
        after = new.program[start : len(new.program) - stop]
    change = _Change(before, after)
    if "last_id" in known:
        made = chain(map(item_key, change.came), _function_keys(function for _, function in diff.functions.values()))
        new.__dict__["last_id"] = max(
            known["last_id"],
            *map(_last, (iter(diff.nodes), iter(diff.boxes), iter(diff.notes), iter(diff.datasets), made)),
        )
    if "updates" in known and not any(map(tree.bodies, chain(change.gone, change.came, change.moved))):
        new.__dict__["updates"] = known["updates"]
    if "spots" not in known:
        return
    new.__dict__["spots"] = known["spots"]
    if old.program is not new.program:
        # An edit is tried on a draft, perhaps in steps, and then committed: the same program follows the same document more than once.
        found: tuple[tuple[Item, ...], dict[str, tree.Spot]] | None = known.get("next_spots")
        if found is None or found[0] is not new.program:
            found = known["next_spots"] = (new.program, _spots(known["spots"], new, start, before, after, change))
        new.__dict__["spots"] = found[1]
    if "consumers" in known:
        new.__dict__["consumers"] = _consumers(old, new, diff, change)


class _Change:
    """What happened to the items of a stretch of the program, those in bodies included: ``gone`` and ``came`` are in one of both alone, ``moved`` have
    changed places with others.
    """

    def __init__(self, before: tuple[Item, ...], after: tuple[Item, ...]) -> None:
        alone = moved_alone(before, after)
        self.gone: list[Item] = []
        self.came: list[Item] = []
        self.moved: list[Item] = []
        if alone is not None:
            self.moved = tree.everything(alone[0])
            return
        was, now = tree.everything(before), tree.everything(after)
        old, new = set(map(id, was)), set(map(id, now))
        self.gone = [item for item in was if id(item) not in new]
        self.came = [item for item in now if id(item) not in old]
        stay, stayed = [item for item in was if id(item) in new], [item for item in now if id(item) in old]
        if not all(map(is_, stay, stayed)):
            self.moved = stay


def moved_alone(before: tuple[Item, ...], after: tuple[Item, ...]) -> tuple[tuple[Item, ...], tuple[Item, ...]] | None:
    """The item before and after, if all that happened to a stretch is that its first item became the last or the other way round."""
    if len(before) != len(after) or len(before) < 3:
        return None
    if before[0] is after[-1] and all(map(is_, before[1:], after)):
        return (before[0],), (before[0],)
    if before[-1] is after[0] and all(map(is_, before, after[1:])):
        return (after[0],), (after[0],)
    return None


def fresh_ids(document: Document, prefix: str = "#") -> Iterator[str]:
    """Ids that no node or item of the document has or had, as long as it is followed from Diff to Diff."""
    last = document.__dict__.get("last_id")
    if last is None:
        last = max(_last(iter(document.nodes)), _last(iter(tree.spots(document))))
        last = max(last, *map(_last, (iter(document.boxes), iter(document.notes), iter(document.datasets))))
        last = max(last, _last(_function_keys(document.functions.values())))
        document.__dict__["last_id"] = last
    return (f"{prefix}{number}" for number in count(last + 1))


def _function_keys(functions: Iterable[Function | None]) -> Iterator[str]:
    """The ids of functions and of the items of their bodies."""
    for function in functions:
        if function is not None:
            yield function.id
            yield from (key for item in function.program for key in tree.keys(item))


def _last(keys: Iterator[str]) -> int:
    return max((int(key[1:]) for key in keys if key[1:].isdecimal() and len(key) < 12), default=0)


def _common(old: tuple[Item, ...], new: tuple[Item, ...]) -> tuple[int, int]:
    """How many items at the start and at the end are the very same."""
    shorter = min(len(old), len(new))
    start = next(compress(count(), map(is_not, old, new)), shorter)
    rest = shorter - start
    stop = next(compress(count(), map(is_not, reversed(old), reversed(new))), shorter)
    return start, min(stop, rest)


def _spots(
    known: dict[str, tree.Spot],
    new: Document,
    start: int,
    before: tuple[Item, ...],
    after: tuple[Item, ...],
    change: _Change,
) -> dict[str, tree.Spot]:
    spots = dict(known)
    for item in change.gone:
        for key in tree.own(item):
            spots.pop(key, None)
    if len(before) == len(after):
        tree.collect(after, (), spots, start)
    else:
        tree.collect(new.program[start:], (), spots, start)
    return spots


def _consumers(old: Document, new: Document, diff: Diff, change: _Change) -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = dict(old.consumers)
    was, now = tree.spots(old), tree.spots(new)
    touched = set(map(item_key, chain(change.gone, change.came, change.moved)))
    for key, (_, node) in diff.nodes.items():
        if node is None:
            table.pop(key, None)
        else:
            table.setdefault(key, ())
        for document, spots in ((old, was), (new, now)):
            if key in spots:
                touched.add(item_key(tree.item_at(document.program, spots[key])))
    sources: dict[str, list[str]] = {}
    for document, spots in ((old, was), (new, now)):
        for reader in touched:
            if reader in spots:
                for wire in item_inputs(document, tree.item_at(document.program, spots[reader])):
                    if wire.node is not None and wire.node in table:
                        readers = sources.setdefault(wire.node, [])
                        if document is new:
                            readers.append(reader)
    for source, readers in sources.items():
        readers += [reader for reader in table[source] if reader not in touched]
        table[source] = tuple(sorted(readers, key=now.__getitem__) if len(readers) > 1 else readers)
    return table
