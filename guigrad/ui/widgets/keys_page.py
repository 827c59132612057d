"""Preferences › Keys: every action with its shortcuts, to be searched and changed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from guigrad.document.file import write_atomically
from guigrad.ui import keymap as keymaps
from guigrad.ui.actions import ACTIONS, GESTURES, GROUPS, SUBMENUS, Action, by_id
from guigrad.ui.keymap import Keymap, native
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.dialogs import ask
from guigrad.ui.widgets.key_recorder import KeyRecorder

NAME: Final = Qt.ItemDataRole.UserRole
FILTER: Final = "Keys of guigrad (*.json)"
SCOPES: Final = {
    "window": "Heard everywhere in the window.",
    "canvas": "Heard while the canvas has the focus.",
    "lesson": "Heard while a lesson is presented.",
}


class KeysPage(QWidget):
    """Changes the keymap at once; whoever keeps it listens to ``Keymap.changed``."""

    def __init__(self, look: Look, keymap: Keymap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look, self.keymap = look, keymap
        self.asked: tuple[str, str, str] | None = None
        self.field = QLineEdit()
        self.field.setPlaceholderText("Search actions, or keys such as Ctrl+D")
        self.field.setAccessibleName("Search actions")
        self.field.setClearButtonEnabled(True)
        self.tree = QTreeWidget()
        self.tree.setColumnCount(2)
        self.tree.setHeaderLabels(["Action", "Keys"])
        self.tree.setRootIsDecorated(False)
        self.tree.setIndentation(look.px(10))
        self.tree.setAccessibleName("Actions and their keys")
        self.tree.setUniformRowHeights(True)
        self.rows: dict[str, QTreeWidgetItem] = {}
        self._fill()
        self.title = parts.label("", "")
        self.title.setFont(look.text(12.5, 600))
        self.about = parts.label("", "muted")
        self._keys = QHBoxLayout()
        self._keys.setSpacing(look.px(4))
        self.conflict = QFrame()
        self.conflict.setObjectName("warn")
        self.says = parts.label("", "warning")
        self.take = QPushButton("Take it")
        self.trade = QPushButton("Swap")
        self.keep = QPushButton("Leave it")
        row = QHBoxLayout(self.conflict)
        row.addWidget(self.says, 1)
        for button, call in ((self.take, self._on_take), (self.trade, self._on_swap), (self.keep, self._on_keep)):
            button.setAutoDefault(False)
            button.clicked.connect(call)
            row.addWidget(button)
        self.said = parts.label("", "muted")
        below = QHBoxLayout()
        self.reset_all = self._button("Reset all…", self._on_reset_all, below)
        below.addStretch(1)
        self.load = self._button("Import…", self._on_import, below)
        self.write = self._button("Export…", self._on_export, below)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.field)
        layout.addWidget(self.tree, 1)
        for part in (self.title, self.about):
            layout.addWidget(part)
        layout.addLayout(self._keys)
        layout.addWidget(self.conflict)
        layout.addWidget(self.said)
        layout.addLayout(below)
        self.conflict.hide()
        self.said.hide()
        self.field.textChanged.connect(self._filter)
        self.tree.currentItemChanged.connect(lambda now, before: self._show())
        self.tree.itemActivated.connect(lambda item, column: self._record())
        self.field.returnPressed.connect(self._record)
        keymap.changed.connect(self._refresh)
        self._refresh()
        self.tree.setCurrentItem(self.rows[ACTIONS[0].id])

    def _button(self, text: str, call: object, row: QHBoxLayout) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(call)
        row.addWidget(button)
        return button

    # --- the list ---

    def _fill(self) -> None:
        for group in GROUPS:
            top = QTreeWidgetItem([group.upper(), ""])
            top.setFlags(Qt.ItemFlag.ItemIsEnabled)
            top.setFont(0, self.look.text(10.5, 600))
            top.setForeground(0, self.look.color("text_muted"))
            self.tree.addTopLevelItem(top)
            for row in (row for row in ACTIONS if row.menu == group and row.id not in SUBMENUS):
                item = QTreeWidgetItem([row.title, ""])
                item.setData(0, NAME, row.id)
                item.setToolTip(0, row.tip)
                item.setFont(1, self.look.code(11.5))
                top.addChild(item)
                self.rows[row.id] = item
        top = QTreeWidgetItem(["MOUSE", "as it is; the wheel is on the page Mouse"])
        top.setFlags(Qt.ItemFlag.ItemIsEnabled)
        top.setFont(0, self.look.text(10.5, 600))
        for column in (0, 1):
            top.setForeground(column, self.look.color("text_muted"))
        self.tree.addTopLevelItem(top)
        for what, how in GESTURES:
            item = QTreeWidgetItem([what, how])
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            item.setToolTip(1, how)
            top.addChild(item)
        self.tree.expandAll()
        self.tree.setColumnWidth(0, self.look.px(250))

    def _refresh(self) -> None:
        for name, item in self.rows.items():
            own = self.keymap.is_own(name)
            item.setText(1, self.keymap.texts(name) + ("   ●" if own else ""))
            usual = "  ·  ".join(native(key) for key in keymaps.defaults(name)) or "none"
            item.setToolTip(1, f"Changed. Usually: {usual}" if own else "")
        self._filter(self.field.text())
        self._show()

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        for place in range(self.tree.topLevelItemCount()):
            top = self.tree.topLevelItem(place)
            if top is None:
                continue
            shown = 0
            for number in range(top.childCount()):
                item = top.child(number)
                if item is None:
                    continue
                name = item.data(0, NAME)
                more = f"{by_id(name).tip} {by_id(name).words} {name}" if name else ""
                whole = f"{item.text(0)} {item.text(1)} {more}".lower()
                item.setHidden(not all(word in whole for word in words))
                shown += not item.isHidden()
            top.setHidden(not shown)
        current = self.tree.currentItem()
        if current is None or current.isHidden():
            found = next((item for item in self.rows.values() if not item.isHidden()), None)
            if found is not None:
                self.tree.setCurrentItem(found)

    @property
    def current(self) -> Action | None:
        """The action that is looked at."""
        item = self.tree.currentItem()
        name = item.data(0, NAME) if item is not None else None
        return by_id(name) if name else None

    # --- one action ---

    def _show(self) -> None:
        self.asked = None
        self.conflict.hide()
        while self._keys.count():
            item = self._keys.takeAt(0)
            parts.drop(item.widget() if item else None)
        row = self.current
        if row is None:
            return
        self.title.setText(row.title)
        self.about.setText(f"{row.tip}. {SCOPES[row.scope]}")
        self.recorders: list[KeyRecorder] = []
        for key in self.keymap.keys(row.id):
            recorder = KeyRecorder(key)
            recorder.recorded.connect(lambda new, old=key: self._want(new, old))
            self._keys.addWidget(recorder)
            self.recorders.append(recorder)
            away = QPushButton()
            away.setProperty("role", "flat")
            away.setIcon(self.look.icon("x"))
            away.setIconSize(QSize(self.look.px(14), self.look.px(14)))
            away.setAutoDefault(False)
            away.setToolTip(f"Take {native(key)} away")
            away.setAccessibleName(f"Take {native(key)} away")
            away.clicked.connect(lambda _=False, old=key: self._remove(old))
            self._keys.addWidget(away)
        self.adder = KeyRecorder("", "Add keys…")
        self.adder.recorded.connect(lambda new: self._want(new, ""))
        self._keys.addWidget(self.adder)
        self._keys.addStretch(1)
        self.reset = QPushButton("Reset")
        self.reset.setAutoDefault(False)
        self.reset.setEnabled(self.keymap.is_own(row.id))
        usual = "  ·  ".join(native(key) for key in keymaps.defaults(row.id)) or "no keys"
        self.reset.setToolTip(f"Back to {usual}")
        self.reset.clicked.connect(lambda: self.keymap.reset(row.id))
        self._keys.addWidget(self.reset)

    def _record(self) -> None:
        """Enter or a double-click on a row: its first shortcut is taken anew."""
        recorder = self.recorders[0] if self.recorders else self.adder
        recorder.setFocus()
        recorder.setChecked(True)

    def _want(self, new: str, old: str) -> None:
        row = self.current
        if row is None:
            return
        others = self.keymap.holders(new, row.id)
        if not others:
            self._bind(row.id, new, old)
            return
        names = " and ".join(f"“{by_id(other).title}”" for other in others)
        self.asked = (row.id, new, old)
        self.says.setText(f"{native(new)} is {names}. Give it to “{row.title}”?")
        self.take.setText("Take it")
        self.take.setToolTip(f"{names} has it no more")
        given = old or next(iter(self.keymap.keys(row.id)), "")
        self.trade.setVisible(bool(given))
        self.trade.setToolTip(f"{names} gets {native(given)} for it" if given else "")
        self.conflict.show()
        self.take.setFocus()

    def _bind(self, name: str, new: str, old: str) -> None:
        keys = self.keymap.keys(name)
        self.keymap.bind(name, [new if key == old else key for key in keys] if old in keys else [*keys, new])

    def _remove(self, old: str) -> None:
        row = self.current
        if row is not None:
            self.keymap.bind(row.id, [key for key in self.keymap.keys(row.id) if key != old])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return presses the button that has the focus, as Space does."""
        button = self.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(button, QPushButton):
            button.click()
        else:
            super().keyPressEvent(event)

    def _on_take(self) -> None:
        if self.asked is not None:
            self._bind(*self.asked)

    def _on_swap(self) -> None:
        if self.asked is not None:
            name, new, old = self.asked
            self.keymap.swap(name, new, old or next(iter(self.keymap.keys(name)), ""))

    def _on_keep(self) -> None:
        self._show()
        self.tree.setFocus()

    # --- all ---

    def _on_reset_all(self) -> None:
        changed = len(self.keymap.changes())
        if not changed:
            self.say("Every action has its usual keys.")
            return
        box = QMessageBox(self)
        box.setWindowTitle("Reset all keys")
        box.setText(f"{changed} action{'s' if changed > 1 else ''} will have the usual keys again.")
        kinds = QMessageBox.StandardButton
        box.setStandardButtons(kinds.Reset | kinds.Cancel)
        box.setDefaultButton(kinds.Cancel)
        if ask(box) == kinds.Reset:
            self.keymap.reset()

    def _on_import(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Import keys", "", FILTER)
        if name:
            self.import_from(name)

    def import_from(self, name: str) -> None:
        """Takes the keys of a file; what cannot be used is said and what was bound stays when nothing can."""
        text, wrong = keymaps.read_text(Path(name))
        keys, unfit = keymaps.from_json(text) if not wrong else ({}, "")
        if wrong or unfit:
            self.say(f"{name} was not imported: {wrong or unfit}.")
            return
        said = self.keymap.take(keys)
        lines = "\n".join(said[:6] + [f"and {len(said) - 6} more"] * (len(said) > 6))
        self.say(f"Imported, but:\n{lines}" if said else "Imported.")

    def _on_export(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Export keys", "guigrad-keys.json", FILTER)
        if name:
            self.export_to(name if name.endswith(".json") else f"{name}.json")

    def export_to(self, name: str) -> None:
        """Writes the keys that differ from the usual ones."""
        try:
            write_atomically(name, keymaps.to_json(self.keymap.changes()).encode())
        except OSError as error:
            self.say(f"{name} was not written: {error.strerror or error}.")
        else:
            self.say(f"Exported to {name}.")

    def say(self, text: str) -> None:
        """A word at the foot of the page."""
        self.said.setText(text)
        self.said.show()
