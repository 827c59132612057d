"""Which two nodes derivatives are of: those chosen, or what the selection and the root make of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from guigrad.document.model import In, ListOf, Value
from guigrad.run.frame import Record

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

REAL = ("float", "bfloat", "complex")


class Ends:
    """Thread: the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        self._window, self._session = window, window.session

    def nodes(self) -> list[tuple[str, str]]:
        """(id, label) of every tensor of the open level that has derivatives."""
        return [(key, self.name(key)) for key in self._records()]

    def name(self, key: str) -> str:
        """How the code calls it."""
        base, bracket, rest = key.partition("[")
        name: str = self._window.live.names.get(base, base)
        if not bracket:
            return name
        node = self._session.document.nodes.get(base)
        at = int(rest[:-1]) if rest[:-1].isdecimal() else 0
        outputs = node.outputs if node is not None else ()
        return (outputs[at] if at < len(outputs) else None) or f"{name}[{rest}"

    def pair(self, of: str, wrt: str) -> tuple[str, str]:
        """The output and the input that are meant; "" for what cannot be told."""
        records = self._records()
        chosen = [key for key in self._session.selection if key in records]
        if len(chosen) == 2 and not of and not wrt:
            first, second = chosen
            if second in self._above(first):
                return first, second
            if first in self._above(second):
                return second, first
        one = chosen[0] if len(chosen) == 1 else ""
        inner = one if one and self._above(one) else ""
        of = of or (inner if inner and inner != wrt else "") or self.root()
        if wrt:
            return of, wrt
        above = self._above(of)
        if one and one in above:
            return of, one
        leaves = [key for key in above if key in records and records[key].is_leaf and records[key].requires_grad]
        near = [key for key in above if key in records and records[key].requires_grad]
        return of, next(iter([*leaves, *near, *([of] if of in records else [])]), "")

    def root(self) -> str:
        """The root of backward as far as it can be told here."""
        document, records = self._session.document, self._records()
        named = document.settings.root
        if named in records:
            return str(named)
        for root, _ in self._backwards():
            if root in records:
                return root
        read = {wire.node for node in document.nodes.values() for wire in node.inputs()}
        sinks = [key for key, record in records.items() if record.requires_grad and key not in read]
        numbers = [key for key in sinks if records[key].shape == ()]
        return next(reversed(numbers or sinks or list(records)), "")

    def given(self, root: str) -> str:
        """The v that the program's own backward from a node is given: ``node`` and its id, ``ones`` where there is none."""
        found = [v for started, v in self._backwards() if started == root]
        return f"node {found[0]}" if len(found) == 1 and found[0] else "ones"

    def _backwards(self) -> Iterator[tuple[str, str]]:
        """(first root, the node that is its v or "") of each backward of the program."""
        for node in self._session.document.nodes.values():
            if node.op in ("torch.Tensor.backward", "torch.autograd.backward"):
                given = dict(node.kwargs)
                roots = node.args[0] if node.args else given.get("tensors")
                v = node.args[1] if len(node.args) > 1 else given.get("gradient", given.get("grad_tensors"))
                first, vector = (_first(value) for value in (roots, v))
                if first:
                    yield first, vector

    def _records(self) -> dict[str, Record]:
        frame, nodes = self._session.frame, self._session.document.nodes
        if frame is None:
            return {}
        return {
            key: record
            for key, record in frame.records.items()
            if record.shape is not None and (record.dtype or "").startswith(REAL) and key.partition("[")[0] in nodes
        }

    def _above(self, key: str) -> list[str]:
        """What a node is computed from, the nearest first."""
        nodes = self._session.document.nodes
        found: dict[str, None] = {}
        todo = [key.partition("[")[0]]
        for here in todo:  # grows while it is walked
            node = nodes.get(here)
            for wire in node.inputs() if node is not None else ():
                if wire.node is not None and wire.node not in found:
                    found[wire.node] = None
                    todo.append(wire.node)
        return list(found)


def _first(value: Value) -> str:
    """The node that an argument, or the first item of a list of them, is wired to."""
    items = value.items if isinstance(value, ListOf) else (value,)
    return items[0].node or "" if items and isinstance(items[0], In) else ""
