"""Choose a data set: which, how it is made, and a look at it before it is put into the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from guigrad.datasets.spec import KINDS, Made
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.data_form import DataForm
from guigrad.ui.widgets.data_preview import DataPreview, words

WAIT_MS: Final = 120
"""How long a setting is held still before the data set is made."""


class DataDialog(QDialog):
    """Asks for a data set to be made whenever a setting changes, and shows what comes. Thread: the GUI thread.

    ``asked(kind, settings)`` and ``looked(path, settings)`` want answers by ``show_made``, ``show_looked`` or ``show_problem``;
    ``chosen(made, key)`` is what the user takes, ``key`` the data set that it replaces, "" for none.
    """

    asked = Signal(str, object)
    looked = Signal(str, object)
    chosen = Signal(object, str)

    def __init__(self, look: Look, there: Sequence[tuple[str, str]] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.made: Made | None = None
        self.form: DataForm | None = None
        self._kept: dict[str, dict[str, Any]] = {}
        self.setWindowTitle("Data")
        self.kinds = QListWidget()
        self.kinds.setAccessibleName("Data set")
        self.kinds.setFixedWidth(look.px(160))
        self.kinds.setFrameShape(QListWidget.Shape.NoFrame)
        self._list_kinds()
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setMinimumWidth(look.px(220))
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.about = parts.label("", "muted")
        self.preview = DataPreview(look)
        self.said = parts.label("", "code", selectable=True)
        self.said.setFont(look.code(11.5))
        self.error = parts.label("", "error", selectable=True)
        self.error.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.replace: list[QPushButton] = []
        for key, name in there[-2:]:
            button = QPushButton(f"Replace {name or 'the data'}")
            button.setToolTip("Other points in the same leaves: what is wired to them stays")
            button.clicked.connect(lambda _=False, key=key: self._take(key))
            self.buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
            self.replace.append(button)
        self.add = self.buttons.addButton("Add to the graph", QDialogButtonBox.ButtonRole.ActionRole)
        self.add.setProperty("role", "primary")
        self.add.setDefault(True)
        self.add.clicked.connect(lambda: self._take(""))
        self.buttons.rejected.connect(self.reject)
        middle, right = QVBoxLayout(), QVBoxLayout()
        middle.addWidget(self.about)
        middle.addWidget(self.area, 1)
        right.addWidget(self.preview, 1)
        right.addWidget(self.said)
        right.addWidget(self.error)
        across = QHBoxLayout()
        across.setSpacing(look.px(14))
        across.addWidget(self.kinds)
        across.addLayout(middle, 2)
        across.addLayout(right, 3)
        layout = QVBoxLayout(self)
        layout.addLayout(across, 1)
        layout.addWidget(self.buttons)
        self._wait = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._wait.timeout.connect(self._ask)
        self.kinds.currentItemChanged.connect(lambda: self._on_kind())
        room = parent.size() if parent is not None else self.sizeHint()
        self.resize(min(look.px(960), room.width() - 40), min(look.px(560), max(room.height() - 60, 240)))

    def _list_kinds(self) -> None:
        for heading, files in (("BUILT IN", False), ("FROM FILES", True)):
            head = QListWidgetItem(heading, self.kinds)
            head.setFlags(Qt.ItemFlag.NoItemFlags)
            head.setFont(self.look.text(11, 600))
            head.setForeground(self.look.color("text_muted"))
            head.setSizeHint(QSize(0, self.look.px(30)))
            for kind in KINDS.values():
                if bool(kind.suffixes) == files:
                    item = QListWidgetItem(kind.title, self.kinds)
                    item.setData(Qt.ItemDataRole.UserRole, kind.name)
                    item.setToolTip(kind.about)
                    item.setSizeHint(QSize(0, self.look.px(26)))

    @property
    def kind(self) -> str:
        """The kind that is chosen."""
        item = self.kinds.currentItem()
        return str(item.data(Qt.ItemDataRole.UserRole)) if item is not None else ""

    def choose(self, kind: str, settings: Mapping[str, Any] | None = None) -> None:
        """Shows a kind, with these settings."""
        if settings is not None:
            self._kept[kind] = dict(settings)
        for row in range(self.kinds.count()):
            if self.kinds.item(row).data(Qt.ItemDataRole.UserRole) == kind:
                if self.kinds.currentRow() == row:
                    self._on_kind()
                self.kinds.setCurrentRow(row)

    def show_made(self, made: Made) -> None:
        """The data set as it would be added."""
        self.made = made
        self.preview.show_made(made)
        self.said.setText(words(made))
        self.error.hide()
        self._enable()

    def show_looked(self, found: Mapping[str, Any]) -> None:
        """What a file offers."""
        assert self.form is not None
        if "columns" in found:
            self.form.offer_columns(tuple(found["columns"]))
        else:
            self.form.offer_arrays(list(found["arrays"]), found["guess"])
        self._ask()

    def show_problem(self, text: str) -> None:
        """Why there is none."""
        self._forget()
        self.said.setText("")
        self.error.setText(text)
        self.error.setVisible(bool(text))

    def show_progress(self, done: int, total: int) -> None:
        """How far it is."""
        self.said.setText(f"{done:,} of {total:,} points read" if total else f"{done:,} points read")

    def _on_kind(self) -> None:
        kind = KINDS.get(self.kind)
        if kind is None:
            return
        if self.form is not None:
            self._kept[self.form.kind.name] = self.form.settings()
        self.about.setText(kind.about + (f". Source: {kind.source}" if kind.source else ""))
        form = self.form = DataForm(self.look, kind, self._kept.get(kind.name, {}))
        form.setObjectName("page")
        form.changed.connect(self._on_changed)
        form.path_changed.connect(self._on_path)
        self.area.setWidget(form)
        self.show_problem("")
        if kind.suffixes:
            self._on_path()
        else:
            self._ask()

    def _on_changed(self) -> None:
        self.made = None
        self._enable()
        self._wait.start()

    def _on_path(self) -> None:
        assert self.form is not None
        settings = self.form.settings()
        self._forget()
        if not settings["path"]:
            self.said.setText("Choose a file." if "/" not in self.form.kind.suffixes else "Choose a folder.")
        elif "/" in self.form.kind.suffixes:
            self._ask()
        else:
            self.said.setText("Reading…")
            self.looked.emit(settings["path"], settings)

    def _ask(self) -> None:
        assert self.form is not None
        self._wait.stop()
        settings = self.form.settings()
        if settings.get("path", "-"):
            if self.made is None:
                self.error.hide()
                self.said.setText("Making it …")
            self.asked.emit(self.form.kind.name, settings)

    def _forget(self) -> None:
        self.made = None
        self.preview.show_made(None)
        self.error.hide()
        self._enable()

    def _enable(self) -> None:
        for button in (self.add, *self.replace):
            button.setEnabled(self.made is not None)

    def _take(self, key: str) -> None:
        if self.made is not None:
            self.chosen.emit(self.made, key)
