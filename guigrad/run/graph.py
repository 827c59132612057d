"""The graph that a forward left behind for autograd: its grad_fns, what leads where, and what they saved, as plain records."""

from __future__ import annotations

from msgspec import Struct


class Saved(Struct, frozen=True):
    """One thing that a grad_fn kept for its backward.

    ``state``: "kept", "freed" (a backward used it up), "changed" (by an in-place op since, so a backward would raise), "packed" (by a
    saved-tensor hook of the program, and not asked for here) or "number" for what is no tensor. ``node`` is the label of the node (or output)
    whose value a tensor is, "" where it is none's. ``text`` shows a number; ``version`` is the tensor's counter of in-place changes now.
    """

    name: str
    state: str = "kept"
    node: str = ""
    shape: tuple[int, ...] | None = None
    dtype: str = ""
    version: int | None = None
    text: str = ""


class GradNode(Struct, frozen=True):
    """One grad_fn.

    ``id`` tells it from others of this graph ("g0", "g1" … in the order of the forward), ``name`` is torch's ("MulBackward0"). ``kind``:
    "backward" or "accumulate" (it adds to the ``.grad`` of a leaf). ``node`` is the label of the document's node that it belongs to and ``key``
    that one's id, "" for none; ``inside``: it is not the grad_fn of that node's value but one of those that a composite op made.
    ``edges`` lead to (id, number of the output there) in the order of ``next_functions``, None where no gradient is wanted.
    ``outputs`` are the (shape, dtype) of what the op gave. ``sequence`` counts up with the forward (-1: none). ``hooks`` counts those
    of the tensors seen here. ``version`` and ``view`` tell of the value that it made, or of the leaf, where that is known.
    ``order``: 1 for what the forward made, 2 for what its backward made (``create_graph``) …; ``maker`` is the id of the grad_fn whose backward
    that was, "" where it is none of this graph (an AccumulateGrad, or gone).
    """

    id: str
    name: str
    kind: str = "backward"
    node: str = ""
    key: str = ""
    inside: bool = False
    edges: tuple[tuple[str, int] | None, ...] = ()
    outputs: tuple[tuple[tuple[int, ...], str], ...] = ()
    saved: tuple[Saved, ...] = ()
    sequence: int = -1
    hooks: int = 0
    version: int | None = None
    view: bool = False
    order: int = 1
    maker: str = ""

    @property
    def freed(self) -> bool:
        """Whether a backward has used up what it saved."""
        return any(saved.state == "freed" for saved in self.saved)


class Graph(Struct, frozen=True):
    """All grad_fns that the ``roots`` (ids) lead to, every one behind those that it leads to."""

    nodes: tuple[GradNode, ...] = ()
    roots: tuple[str, ...] = ()

    def of(self, key: str) -> tuple[GradNode, ...]:
        """The grad_fns that belong to one node of the document."""
        return tuple(node for node in self.nodes if node.key == key)
