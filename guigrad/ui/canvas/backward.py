"""The backward graph on a board: the layout of it, what is under the pointer, what lights up with what, and what a click does."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPixmap

from guigrad.run.graph import GradNode, Graph, Saved
from guigrad.ui.canvas import mirror_paint
from guigrad.ui.canvas.gesture import Gesture
from guigrad.ui.canvas.mirror import OVER, UNDER, Mirror
from guigrad.ui.canvas.mirror_cards import WIDTH, Card, Group, tensors_of
from guigrad.ui.canvas.mirror_face import what
from guigrad.ui.canvas.wire import Array, Rect

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board
    from guigrad.ui.canvas.gesture import Mods
    from guigrad.ui.canvas.view import CanvasView

THREADS: Final = 12
"""More threads than this from one card would only cover the others."""
NOTHING: Final = "No grad_fn: nothing here requires a gradient"

__all__ = ["OVER", "UNDER", "Backward", "Pick"]


class Backward:
    """One board's backward graph. ``chosen`` and ``hovered`` are ids of grad_fns; those of a card light up with it by themselves."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.mirror = Mirror(board.scene)
        self.hovered = ""
        self.chosen = ""
        self.stale = False
        self.exact = False
        """Whether each card is drawn whole and by itself, however many there are: for vectors."""
        self.pictures: dict[int, QPixmap] = {}
        self.looks: tuple[object, ...] = ()
        self.news = 0
        """Counts what changes the cards: their pictures are those of one number."""
        self.running: frozenset[str] = frozenset()
        self.later: frozenset[str] = frozenset()
        """Ids of grad_fns that have not run yet at the step that is shown: what they saved is still there."""
        self.ghosts: frozenset[str] | None = None
        """Ids of the grad_fns that are there at the step that is shown; None: all."""

    # --- what it shows ---

    @property
    def on(self) -> bool:
        """Whether it is asked for."""
        return bool(self.mirror.side)

    def set_side(self, side: str) -> None:
        """Under the forward, over it, or not at all."""
        self.mirror.set_side(side)
        self.changed()

    def show(self, graph: Graph | None, prefix: str = "") -> None:
        """Another graph, for the level at ``prefix``."""
        self.mirror.show(graph, prefix)
        self.stale = False
        known = {node.id for node in graph.nodes} if graph is not None else set()
        self.chosen = self.chosen if self.chosen in known else ""
        self.hovered = ""
        self.changed()

    def fade(self) -> None:
        """What is shown was made by a document that has been edited since."""
        self.stale = self.mirror.graph is not None
        self.board.update()

    def show_step(self, running: frozenset[str], later: frozenset[str], ghosts: frozenset[str] | None) -> None:
        """Where stepping is."""
        self.news += later != self.later
        self.running, self.later, self.ghosts = running, later, ghosts
        self.board.update()

    def flip(self, group: Group) -> None:
        """Opens a group of grad_fns, or folds it."""
        self.mirror.flip(group.place)
        self.changed()

    def flip_all(self) -> None:
        """Opens all that is folded; if nothing is, folds all."""
        self.mirror.refresh()
        self.mirror.flip_all(any(card.folded for card in self.mirror.cards))
        self.changed()

    def changed(self) -> None:
        """Lies anew from the next paint on."""
        self.news += 1
        self.board.minimap.refresh()
        self.board.stir(False)

    def around(self, rect: Rect | None) -> Rect | None:
        """A rectangle grown by all that is shown here."""
        mine = self.mirror.bounds() if self.on else None
        if mine is None or rect is None:
            return rect or mine
        return min(rect[0], mine[0]), min(rect[1], mine[1]), max(rect[2], mine[2]), max(rect[3], mine[3])

    def paint(self, p: QPainter) -> None:
        """Draws it."""
        if not self.on:
            return
        if self.mirror.refresh():
            self.news += 1
            self.board.minimap.refresh()
        if self.mirror.cards:
            mirror_paint.paint(p, self)

    # --- what the painter asks ---

    def freed(self, node: GradNode) -> bool:
        """Whether a backward has used up what it saved."""
        return node.freed and node.id not in self.later

    def state_of(self, node: GradNode, saved: Saved) -> str:
        """The state of a saved thing at the moment that is shown."""
        return "kept" if saved.state == "freed" and node.id in self.later else saved.state

    def ghost(self, card: Card) -> bool:
        """Whether it is not there yet at the step that is shown, or of what has been edited since."""
        return self.stale or (self.ghosts is not None and not any(node.id in self.ghosts for node in card.nodes))

    def summary(self, order: int) -> str:
        """How much of a graph is still held."""
        graph = self.mirror.graph
        mine = [node for node in graph.nodes if node.order == order] if graph is not None else []
        freed = sum(self.freed(node) for node in mine)
        holding = sum(any(self.state_of(node, one) == "kept" for one in node.saved) for node in mine)
        words = [f"{holding} {'holds' if holding == 1 else 'hold'} saved tensors"] if holding else []
        words += [f"{freed} freed by backward"] if freed else []
        return "".join(f" · {word}" for word in words)

    def lit(self) -> Array:
        """Which cards belong to what is under the pointer. Shapes: [cards]"""
        found = np.zeros(len(self.mirror.cards), bool)
        number = self.mirror.by_node.get(self.hovered)
        if number is not None:
            found[number] = True
        elif self.board.hover:
            found[self.mirror.by_key.get(self.board.hover, [])] = True
        return found

    def chosen_cards(self) -> set[int]:
        """The selected grad_fn, else all those of the selected cards."""
        number = self.mirror.by_node.get(self.chosen)
        if number is not None:
            return {number}
        return {number for key in self.board.selection for number in self.mirror.by_key.get(key, ())}

    def running_cards(self) -> set[int]:
        """Those that run at the step that is shown."""
        return {self.mirror.by_node[key] for key in self.running if key in self.mirror.by_node}

    def threads(self) -> list[tuple[tuple[float, float], tuple[float, float]]]:
        """Lines from what is under the pointer to what it belongs to, in canvas units."""
        mirror, found = self.mirror, []
        under = mirror.side == UNDER
        numbers = np.nonzero(self.lit())[0].tolist()
        for number in numbers if len(numbers) <= THREADS else ():
            card = mirror.cards[number]
            end = card.x + WIDTH / 2, card.y if under else card.y + card.height
            start = self._home(card, under)
            if start is not None:
                found.append((start, end))
        return found

    def _home(self, card: Card, under: bool) -> tuple[float, float] | None:
        maker = self.mirror.by_node.get(card.main.maker)
        if maker is not None:
            made = self.mirror.cards[maker]
            return made.x + WIDTH / 2, made.y + made.height if under else made.y
        scene = self.board.scene
        row = scene.row.get(self.mirror.key_of(card.main))
        if row is None:
            return None
        y = float(scene.y[row])
        return float(scene.x[row] + scene.width[row] / 2), y + float(scene.height[row]) if under else y

    # --- the pointer ---

    def at(self, point: QPointF) -> tuple[Card | None, Group | None]:
        """The card at a point of the screen, or the title of an open group there."""
        if not self.on:
            return None, None
        x, y = self.board.viewport.to_world(point.x(), point.y())
        number = self.mirror.card_at(x, y)
        if number is not None:
            return self.mirror.cards[number], None
        return None, self.mirror.group_at(x, y)

    def hover(self, point: QPointF) -> bool:
        """The pointer is at a point: what lies there lights up; whether anything does."""
        card, group = self.at(point)
        name = card.main.id if card is not None else ""
        if name != self.hovered:
            self.hovered = name
            self.board.update()
        if card is not None:
            self.board.set_hover(self.mirror.key_of(card.main) or None)
        return card is not None or group is not None

    def leave(self) -> None:
        """The pointer is gone."""
        if self.hovered:
            self.hovered = ""
            self.board.update()

    def click(self, card: Card, opens: bool) -> None:
        """Selects a grad_fn and the card that it belongs to; opens what is folded."""
        if card.folded and opens:
            self.flip(card.group)
            return
        key = self.mirror.key_of(card.main)
        self.board.select((key,) if key in self.board.scene.row else ())
        self.chosen = card.main.id
        self.board.update()

    def tip(self, point: QPointF) -> str:
        """All about the grad_fn at a point of the screen, "" for none."""
        card, group = self.at(point)
        if group is not None:
            return f"{escape(group.label)}: click to fold its {len(group.nodes)} grad_fns"
        if card is None:
            return ""
        if card.folded:
            names = "<br>".join(escape(node.name) for node in reversed(card.nodes[-24:]))
            return (
                f"<b>{escape(card.group.label)}</b> made {len(card.nodes)} grad_fns; a click on ▸ opens them<br>{names}"
            )
        return "<br>".join(self._words(card.main))

    def spoken(self, key: str) -> str:
        """The grad_fns of a card in words, for a screen reader: "MulBackward0 saved self t2, other t1"; "" while they are not shown."""
        if not self.on:
            return ""
        found = []
        for number in self.mirror.by_key.get(key, ()):
            for node in self.mirror.cards[number].nodes:
                kept = ", ".join(f"{saved.name} {saved.node}".strip() for saved in tensors_of(node))
                state = "freed" if self.freed(node) else "saved"
                found.append(f"{node.name} {state} {kept}" if kept else node.name)
        return "; ".join(found)

    def _words(self, node: GradNode) -> list[str]:
        lines = [f"<b>{escape(node.name)}</b>" + (f" &nbsp; of {escape(node.node)}" if node.node else "")]
        graph = self.mirror.graph
        maker = next((one for one in graph.nodes if one.id == node.maker), None) if graph is not None else None
        if node.order > 1:
            by = f"of {maker.name} ({maker.node})" if maker is not None else "of a backward"
            lines.append(escape(f"made by the backward {by}, for a gradient of order {node.order}"))
        if node.kind == "accumulate":
            lines.append(f"adds what arrives to <code>{escape(node.node or 'its leaf')}.grad</code>")
        for at, (shape, dtype) in enumerate(node.outputs):
            number = f" {at}" if len(node.outputs) > 1 else ""
            lines.append(f"gradient{number} that arrives: {escape(dtype)} {list(shape)}")
        for saved in node.saved:
            lines.append(self._saved(node, saved))
        gone = sum(edge is None for edge in node.edges)
        if gone:
            lines.append(f"{gone} of {len(node.edges)} inputs want no gradient (the hollow dots)")
        if node.version is not None:
            whose = "the leaf" if node.kind == "accumulate" else "the value that it made"
            lines.append(f"{whose}: _version {node.version}" + (", a view" if node.view else ""))
        if node.hooks:
            lines.append(f"{node.hooks} hooks")
        return lines

    def _saved(self, node: GradNode, saved: Saved) -> str:
        name = f"saved <code>{escape(saved.name)}</code>"
        state = self.state_of(node, saved)
        if state == "number":
            return f"{name} = <code>{escape(saved.text)}</code>"
        said = escape(what(saved))
        words = {
            "kept": "" if saved.version is None else f", _version {saved.version}",
            "freed": "freed by a backward without retain_graph",
            "changed": " changed in place since: a backward would raise",
            "packed": "packed by a saved-tensor hook",
        }
        return f"{name}: {said} {words.get(state, '')}".replace(" ,", ",")


class Pick(Gesture):
    """A press on a grad_fn, or on the title of an open group."""

    def __init__(self, view: CanvasView, start: QPointF, mods: Mods, card: Card | None, group: Group | None) -> None:
        super().__init__(view, start, mods)
        self.card, self.group = card, group

    def end(self, point: QPointF) -> None:
        backward = self.view.backward
        if self.begun:
            return
        if self.group is not None:
            backward.flip(self.group)
        elif self.card is not None:
            x, y = self.world(point)
            foot = y >= self.card.y + self.card.height - 22 or (x > self.card.x + WIDTH - 44 and y < self.card.y + 28)
            backward.click(self.card, foot)
