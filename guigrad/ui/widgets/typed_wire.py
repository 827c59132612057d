"""Wires that are typed: the name of a node in the field of a port."""

from __future__ import annotations

from functools import cached_property

from guigrad.document.model import Document, In
from guigrad.document.names import frame_labels


class Names:
    """What the nodes of one document are called, the node itself left out, for fields that take a name as well as a value."""

    def __init__(self, document: Document, key: str) -> None:
        self._document, self._key = document, key

    @cached_property
    def _places(self) -> dict[str, tuple[str, int | None]]:
        return frame_labels(self._document)

    def read(self, text: str) -> In | None:
        """The wire that a name means; None when nothing, or only the node itself, is called so."""
        key, output = self._places.get(text.strip(), (self._key, None))
        return None if key == self._key else In(key, output or 0)

    def write(self, wire: In) -> str:
        """The shortest name of what a wire comes from."""
        node = self._document.nodes.get(wire.node or "")
        several = len(node.outputs) if node is not None else 0
        place = (wire.node, wire.output if several or wire.output else None)
        return min((name for name, where in self._places.items() if where == place), key=len, default="")
