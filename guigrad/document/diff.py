"""One change of a document: the records before and after it, by table and key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from guigrad.document.calls import synced
from guigrad.document.index import carry_over
from guigrad.document.model import CALL, PARAM, Document, Item, Settings

Change = tuple[Any, Any]
"""(record before, record after); None where there is none."""

KEYED = ("nodes", "views", "boxes", "notes", "comments", "extra", "functions", "routes", "datasets")


class Diff(Struct, frozen=True):
    """What changed. Empty tables and ``program=None`` mean untouched; ``label`` names it in the Undo menu.

    Two consecutive diffs with the same non-empty ``merge`` key (a slider being dragged) become one undo step.
    """

    label: str = ""
    nodes: Mapping[str, Change] = {}
    views: Mapping[str, Change] = {}
    boxes: Mapping[str, Change] = {}
    notes: Mapping[str, Change] = {}
    comments: Mapping[str, Change] = {}
    extra: Mapping[str, Change] = {}
    functions: Mapping[str, Change] = {}
    routes: Mapping[str, Change] = {}
    datasets: Mapping[str, Change] = {}
    settings: tuple[Settings, Settings] | None = None
    program: tuple[tuple[Item, ...], tuple[Item, ...]] | None = None
    merge: str = ""

    def __bool__(self) -> bool:
        return self.program is not None or self.settings is not None or any(getattr(self, name) for name in KEYED)

    @property
    def only_layout(self) -> bool:
        """True when nothing that is computed changed."""
        return self.program is None and not self.nodes and not self.functions and not self._computes_elsewhere

    @property
    def _computes_elsewhere(self) -> bool:
        if self.settings is None:
            return False
        before, after = self.settings
        return (before.device, before.root) != (after.device, after.root)

    def inverse(self) -> Diff:
        """The change that takes this one back."""
        tables: dict[str, Any] = {
            name: {key: (after, before) for key, (before, after) in getattr(self, name).items()} for name in KEYED
        }
        return Diff(
            label=self.label,
            settings=self.settings and (self.settings[1], self.settings[0]),
            program=self.program and (self.program[1], self.program[0]),
            **tables,
        )

    def then(self, later: Diff) -> Diff:
        """Both changes as one, named by the first."""
        tables: dict[str, Any] = {}
        for name in KEYED:
            merged = dict(getattr(self, name))
            for key, (before, after) in getattr(later, name).items():
                first = merged[key][0] if key in merged else before
                if first is after or first == after:  # there and back
                    merged.pop(key, None)
                else:
                    merged[key] = (first, after)
            tables[name] = merged
        return Diff(
            label=self.label or later.label,
            settings=_join(self.settings, later.settings),
            program=_join(self.program, later.program),
            merge=self.merge,
            **tables,
        )

    def apply(self, document: Document) -> Document:
        """The document after this change; where it was read from (lines, problems) no longer holds and is dropped."""
        tables: dict[str, Any] = {}
        for name in KEYED:
            table = getattr(document, name)
            changes = getattr(self, name)
            if changes:
                table = dict(table)
                for key, (_, after) in changes.items():
                    if after is None:
                        table.pop(key, None)
                    else:
                        table[key] = after
            tables[name] = table
        if tables["functions"] and (self.functions or any(map(_is_of_functions, self.nodes.values()))):
            tables["nodes"] = {**tables["nodes"], **synced(tables["nodes"], tables["functions"])}
        new = Document(
            settings=self.settings[1] if self.settings else document.settings,
            program=self.program[1] if self.program else document.program,
            path=document.path,
            **tables,
        )
        carry_over(document, new, self)
        return new

    @staticmethod
    def between(old: Document, new: Document, label: str = "") -> Diff:
        """The change from one document to another, record by record."""
        tables: dict[str, Any] = {}
        for name in KEYED:
            before, after = getattr(old, name), getattr(new, name)
            if before is after:
                continue
            keys = dict.fromkeys([*before, *after])
            changes = {k: (before.get(k), after.get(k)) for k in keys if before.get(k) != after.get(k)}
            if changes:
                tables[name] = changes
        same_program = old.program is new.program or repr(old.program) == repr(new.program)
        return Diff(
            label=label,
            settings=None if old.settings == new.settings else (old.settings, new.settings),
            program=None if same_program else (old.program, new.program),
            **tables,
        )


def _is_of_functions(change: Change) -> bool:
    """Whether a node that a signature is made of changed, or one that has one."""
    return any(node is not None and (node.op == PARAM or node.op.startswith(CALL)) for node in change)


def _join(first: Change | None, second: Change | None) -> Any:
    if first is None or second is None:
        return first or second
    return None if first[0] is second[1] else (first[0], second[1])
