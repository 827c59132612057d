"""How fast the backward graph is, for ``guigrad bench canvas``: 1,000 grad_fns under 1,000 cards."""

from __future__ import annotations

from collections.abc import Iterator

from guigrad.document.model import Document
from guigrad.run.graph import GradNode, Graph, Saved
from guigrad.ui.canvas.bench import Canvas, Row, frame, graph, milliseconds
from guigrad.ui.canvas.mirror import UNDER

GOALS = (30.0, 8.0, 12.0, 8.0)
"""ms: a new graph laid out and painted; pan at zoom 1, at 0.5, of the whole."""


def rows(frames: int, count: int = 1_000) -> Iterator[Row]:
    """Every figure as soon as it is known."""
    document = graph(count)
    canvas = Canvas(document)
    view, backward = canvas.view, canvas.view.backward
    view.set_frame(frame(document, 0))
    backward.set_side(UNDER)
    graphs = [mirrored(document, freed) for freed in (False, True)]
    name = f"{count:,} grad_fns"
    new, near, half, fit = GOALS
    view.fit_all()
    yield milliseconds(f"{name}: a new graph", canvas.timed(lambda i: backward.show(graphs[i % 2]), frames // 4), new)
    rect = backward.mirror.bounds()
    assert rect is not None
    x, y = (rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2
    for scale, goal in ((1.0, near), (0.5, half)):
        canvas.settle(x, y, scale)
        yield milliseconds(f"{name}: pan at {scale:g}", canvas.timed(lambda i: canvas.pan(12, 5), frames), goal)
    view.fit_all()
    canvas.settle(*view.viewport.to_world(view.width() / 2, view.height() / 2), view.viewport.scale)
    yield milliseconds(f"{name}: pan, fit all", canvas.timed(lambda i: canvas.pan(3 if i % 2 else -3, 2), frames), fit)
    canvas.close()


def mirrored(document: Document, freed: bool = False) -> Graph:
    """A grad_fn for every node, as a forward would leave them behind."""
    nodes = []
    for number, node in enumerate(document.nodes.values()):
        edges = tuple((f"g{wire.node[1:]}", 0) for wire in node.inputs() if wire.node is not None)
        kept = tuple(
            Saved(name, "freed" if freed else "kept", wire.node or "", (5,), "float32", 0)
            for name, wire in zip(("self", "other"), node.inputs(), strict=False)
        )
        title = node.op.rpartition(".")[2].title() + "Backward0" if edges else "AccumulateGrad"
        kind = "backward" if edges else "accumulate"
        nodes.append(
            GradNode(
                f"g{number}", title, kind, node.name or "", node.id, False, edges, (((5,), "float32"),), kept, number
            )
        )
    return Graph(tuple(nodes), ())
