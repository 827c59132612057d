"""A real text field placed over the card that is being edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

from guigrad.document import ports
from guigrad.document.array import ArrayData
from guigrad.document.edit_cells import read_number
from guigrad.document.problem import ProblemError
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.content import arranged
from guigrad.ui.canvas.facet import literal_text
from guigrad.ui.canvas.scrub import shown_number
from guigrad.ui.theme import code_font

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board


CELL = "#"
"""A path that begins with it is the number of a cell in row-major order."""


def cell_text(view: Board, key: str, cell: int) -> str:
    """What a cell of a card's tensor holds, every digit."""
    value = shown_number(view, view.scene.row[key], cell)
    return "" if value is None else repr(value)


def cell_place(view: Board, row: int, cell: int) -> tuple[float, float] | None:
    """The middle of a cell, from its card's corner. Units: canvas units."""
    part, record = view.scene.faces.content(row).value, view.scene.faces.record(row)
    if part.cells is None or record is None or not isinstance(record.value, ArrayData):
        return None
    places = arranged(record.value.shape)
    rows, columns = places.shape
    found = (places == cell).nonzero()
    if not len(found[0]):
        return None
    r, c = int(found[0][0]), int(found[1][0])
    middle = g.value_middle(view.scene.facet(row).rows, float(view.scene.value_height[row]))
    y = middle - part.height / 2 + (r + 0.5) * part.height / rows
    return g.CELLS_LEFT + (c + 0.5) * g.CELLS_WIDTH / columns, y


def put_cell(view: Board, key: str, cell: int, text: str) -> str:
    """Writes what was typed into a cell; the reason why not."""
    try:
        number = read_number(text)
    except ProblemError as error:
        return error.problems[0].message
    record = view.scene.faces.record(view.scene.row[key])
    now = record.value if record is not None and isinstance(record.value, ArrayData) else None
    return view.intents.set_cells(key, {cell: number}, now)


class InPlaceEditor(QLineEdit):
    """Edits a name (path "") or a literal. Enter or leaving it commits, Esc does not."""

    def __init__(self, view: Board, key: str, path: str, text: str) -> None:
        super().__init__(text, view)
        self._view = view
        self.key = key
        self.path = path
        self._before = text
        self._done = False
        self.setAccessibleName(f"value of {path}" if path else "name")
        self.installEventFilter(self)

    @staticmethod
    def over(view: Board, key: str, path: str) -> InPlaceEditor | None:
        """A field over a card, box or note; None if there is nothing to edit."""
        document = view.scene.document
        node = document.nodes.get(key)
        if node is not None:
            if path.startswith(CELL):
                text = cell_text(view, key, int(path[1:]))
            else:
                try:
                    text = literal_text(ports.get_at(node, path)) if path else (node.name or "")
                except ValueError:
                    return None
        elif key in document.boxes:
            text = document.boxes[key].title
        elif key in document.notes:
            text = document.notes[key].text
        else:
            return None
        editor = view.editor = InPlaceEditor(
            view, key, path, text
        )  # known first: it can lose the focus as soon as it has it
        editor.follow()
        editor.show()
        editor.selectAll()
        editor.setFocus(Qt.FocusReason.OtherFocusReason)
        return None if editor._done else editor

    def follow(self) -> None:
        """Stays over its card while the canvas moves."""
        view, scene = self._view, self._view.scene
        scale = view.viewport.scale
        row = scene.row.get(self.key)
        if row is None:
            thing = scene.document.boxes.get(self.key) or scene.document.notes.get(self.key)
            if thing is None:
                self.close_without()
                return
            x, y, width, top = thing.x, thing.y, thing.width, 0.0
        else:
            x, y, width = float(scene.x[row]), float(scene.y[row]), float(scene.width[row])
            face = scene.facet(row)
            index = face.inlet(self.path) if self.path else -1
            place = cell_place(view, row, int(self.path[1:])) if self.path.startswith(CELL) else None
            if place is not None:
                x, top, width = x + place[0] - 20, place[1] - 14, 64.0
            elif not self.path:
                top = 2.0
            elif index >= 0 and face.rows:
                top = g.port_middle(index) - 14
            else:
                top = g.value_middle(face.rows, float(scene.value_height[row])) - 14
        left, top_px = view.viewport.to_screen(x, y + top)
        height = max(24, round(28 * scale))
        self.setFont(code_font(max(11.0, 12.5 * scale)))
        self.setGeometry(QRect(round(left), round(top_px), max(120, round(width * scale)), height))

    def commit(self) -> None:
        """Asks for the change that was typed."""
        if self._done:
            return
        text = self.text()
        view = self._view
        self.close_without()
        if text == self._before:
            return
        if self.path.startswith(CELL):
            view.answer(put_cell(view, self.key, int(self.path[1:]), text))
        elif self.path:
            view.answer(view.intents.set_argument(self.key, self.path, text))
        else:
            view.answer(view.intents.rename(self.key, text.strip()))

    def close_without(self) -> None:
        """Closes and changes nothing."""
        if self._done:
            return
        self._done = True
        if self._view.editor is self:
            self._view.editor = None
        self.hide()
        self._view.setFocus()
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc closes; Return and leaving commit. The canvas, which is the parent, hears neither of the keys."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self.close_without()
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.commit()
                return True
        if event.type() == QEvent.Type.FocusOut and not self._done and self.isVisible():
            self.commit()
        return super().eventFilter(watched, event)
