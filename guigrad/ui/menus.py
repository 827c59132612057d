"""What a right click offers on the canvas and on the rail, and what a card dropped on the rail becomes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QMenu

from guigrad.document import edit
from guigrad.ui import menus_canvas
from guigrad.ui.canvas.drag_things import Move

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow


class Menus(QObject):
    """Thread: the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window, self.session = window, window.session
        strip = window.rail.strip
        strip.delete_asked.connect(self._delete_items)
        strip.move_asked.connect(self._move_items)
        strip.menu_asked.connect(self._item_menu)
        strip.opened.connect(self._open_items)
        window.canvas.context_requested.connect(self._canvas_menu)
        window.canvas.installEventFilter(self)

    # --- the rail ---

    def _delete_items(self, keys: tuple[str, ...]) -> None:
        if len(keys) == 1:
            self.session.edit(edit.remove_item(keys[0]))
        else:
            self.session.edit(edit.remove(*keys))
        self.window.live.follow_now()

    def _move_items(self, keys: tuple[str, ...], before: str, inside: str) -> None:
        if len(keys) == 1:
            self.session.edit(edit.move_item(keys[0], before or None, None if before else inside or None))
            self.window.live.follow_now()
        else:
            self.window.bar.say("A run of computations follows its wires; drag the effects around it instead.", "note")

    def _open_items(self, nodes: tuple[str, ...]) -> None:
        """Shows on the canvas what a pill is about."""
        row = self.window.canvas.scene.row
        found = [key for key in nodes if key in row]
        if found:
            self.window.go_to(found[-1])
            self.window.canvas.select(found)

    def _item_menu(self, keys: tuple[str, ...], place: QPoint) -> None:
        menu, strip = self._menu(), self.window.rail.strip
        menu.addAction("Show on the canvas\tReturn", strip.open_selected)
        menu.addAction("Move left\tAlt+Left", partial(strip.move_selected, -1))
        menu.addAction("Move right\tAlt+Right", partial(strip.move_selected, 1))
        menu.addSeparator()
        if self.window.training.setup.is_its_loop(keys):
            menu.addAction(self.window.actions_by_id["training_loop"])
            menu.addSeparator()
        menu.addAction("Repeat it: for i in range(2)", lambda: self.session.edit(edit.wrap(keys, "loop")))
        menu.addAction("Put it in torch.no_grad()", lambda: self.session.edit(edit.wrap(keys, "no_grad")))
        menu.addSeparator()
        placed = next((p for p in self.window.rail.strip.placed if p.keys == keys), None)
        nodes = tuple(key for key in (placed.item.nodes if placed else ()) if key in self.session.document.nodes)
        if nodes:
            menu.addAction("Select its nodes", lambda: self.session.select(nodes))
        menu.addAction("Delete\tDel", lambda: self._delete_items(keys))
        menu.popup(place)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A card dragged off the canvas onto the rail becomes an effect there, and stays where it was on the canvas."""
        if not isinstance(event, QMouseEvent):
            return False
        canvas, strip = self.window.canvas, self.window.rail.strip
        pressed = bool(event.buttons() & Qt.MouseButton.LeftButton)
        released = event.type() == QEvent.Type.MouseButtonRelease
        if not (event.type() == QEvent.Type.MouseMove and pressed) and not released:
            return False
        rail = self.window.rail
        place = event.globalPosition().toPoint()
        over = (
            isinstance(canvas.gesture, Move)
            and rail.isVisible()
            and rail.rect().contains(rail.mapFromGlobal(place))
            and len(canvas.selection) == 1
        )
        key = canvas.selection[0] if over else ""
        over = over and key in self.session.document.nodes
        x = float(strip.mapFromGlobal(place).x())
        strip.show_drop(x if over and not released else None)
        if not (over and released):
            return False
        before, inside, _ = strip.spot(x)
        escape = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(canvas, escape)  # the gesture is taken back: the card returns to its place
        self.drop_node(key, before, inside, place)
        return False

    def drop_node(self, key: str, before: str, inside: str, place: QPoint) -> None:
        """Asks what to make of a node at a spot of the program."""
        menu = self._menu()
        for text, kind in menus_canvas.EFFECTS:
            wanted = edit.add_effect(kind, key, before or None, None if before else inside or None)
            menu.addAction(text.format(self._name(key)), partial(self.session.edit, wanted))
        menu.popup(place)

    # --- the canvas ---

    def _canvas_menu(self, kind: str, key: str, place: QPoint) -> None:
        """What fits the thing under the pointer, each with its shortcut."""
        menu = self._menu()
        menus_canvas.fill(self.window, menu, kind, key, place)
        if menu.isEmpty():
            menu.deleteLater()
        else:
            menu.popup(place)

    def _menu(self) -> QMenu:
        menu = QMenu(self.window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        menu.aboutToHide.connect(self.window.statusBar().clearMessage)  # the tip of its last line
        return menu

    def _name(self, key: str) -> str:
        return self.window.live.names.get(key, key)
