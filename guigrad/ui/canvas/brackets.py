"""Loops, branches and regions as brackets around the cards of their bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from guigrad.document.closures import function_of
from guigrad.document.model import Branch, Effect, Eval, Item, Loop, Region
from guigrad.ui.canvas.facet import code_of, value_text
from guigrad.ui.canvas.wire import Array, Rect, rows_array

if TYPE_CHECKING:
    from guigrad.ui.canvas.columns import Columns
    from guigrad.ui.canvas.scene import Scene

PAD: Final = 22.0
HEAD: Final = 26.0


Compound: TypeAlias = Loop | Branch | Region


class Bracket:
    """One loop, branch or region that has cards: ``rows`` are theirs, ``inner`` how many brackets nest inside it.

    ``carried`` are (row, output, row of the variable) of what goes back into its variables.
    """

    def __init__(
        self, key: str, title: str, rows: Array, inner: int, carried: tuple[tuple[int, int, int], ...]
    ) -> None:
        self.carried = carried
        self.key = key
        self.title = title
        self.rows = rows
        self.inner = inner

    def rect(self, scene: Columns) -> Rect:
        """Around the cards, with room for what nests inside and for the title."""
        x, y = scene.x[self.rows], scene.y[self.rows]
        pad = PAD * (1 + self.inner)
        head = HEAD * (1 + self.inner)
        return (
            float(np.min(x)) - pad,
            float(np.min(y)) - pad - head,
            float(np.max(x + scene.width[self.rows])) + pad,
            float(np.max(y + scene.height[self.rows])) + pad,
        )


def compound(program: tuple[Item, ...]) -> tuple[Compound, ...]:
    """The items of a program that have a body."""
    return tuple(item for item in program if not isinstance(item, Eval | Effect))


def brackets(scene: Scene, items: tuple[Compound, ...]) -> tuple[Bracket, ...]:
    """The brackets of these items and what is inside them, the outer ones first."""
    found: list[Bracket] = []
    for item in items:
        _collect(scene, item, found)
    return tuple(found)


def _collect(scene: Scene, item: Compound, found: list[Bracket]) -> tuple[list[int], int]:
    place = len(found)
    rows: list[int] = []
    depth = 0
    keys: list[str] = [item.var] if isinstance(item, Loop) else []
    bodies: tuple[Item, ...] = (*item.body, *(item.orelse if isinstance(item, Branch) else ()))
    for part in bodies:
        if isinstance(part, Eval | Effect):
            keys.append(part.node)
        else:
            inside, below = _collect(scene, part, found)
            rows += inside
            depth = max(depth, below + 1)
    rows += [scene.row[key] for key in keys if key in scene.row]
    if rows:
        found.insert(place, Bracket(item.id, title(scene, item), rows_array(rows), depth, _carried(scene, item)))
    return rows, depth


def _carried(scene: Scene, item: Compound) -> tuple[tuple[int, int, int], ...]:
    if isinstance(item, Region):
        return ()
    return tuple(
        (scene.row[update.node or ""], update.output, scene.row[carry.port])
        for carry in item.carried
        if carry.port in scene.row
        for update in carry.updates
        if (update.node or "") in scene.row
    )


def title(scene: Scene, item: Compound) -> str:
    """The head as Python writes it, its nodes by their names."""
    wired = code_of(scene.document, lambda key: key not in scene.row)
    match item:
        case Loop():
            variable = scene.document.nodes.get(item.var)
            return f"for {variable.name if variable and variable.name else '_'} in {value_text(item.iter, wired)}"
        case Branch():
            return f"if {value_text(item.test, wired)}"
        case Region(kind="closure"):
            function = scene.document.nodes.get(function_of(scene.document, item))
            return f"def {function.name if function and function.name else '…'}()"
    return f"with torch.{item.kind}({', '.join(value_text(value, wired) for value in item.args)})"
