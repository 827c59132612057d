"""Small pieces that panels are built of."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QLayout, QPushButton, QSizePolicy, QWidget

from guigrad.ui.style import Look


class ChevronCombo(QComboBox):
    """A combo box with the theme's chevron; the wheel over it scrolls the panel instead of changing it by accident."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        size = self.look.px(12)
        pixmap = self.look.pixmap("chevron-down", 12, "text_muted", self.devicePixelRatioF())
        painter.drawPixmap(self.width() - size - self.look.px(6), (self.height() - size) // 2, pixmap)


class ElidedLabel(QLabel):
    """One line that takes what room there is; its tooltip has all of it."""

    def __init__(self, text: str = "", role: str = "") -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        self.setToolTip(self.text() if text != self.text() else "")
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


def label(text: str, role: str = "", selectable: bool = False) -> QLabel:
    """A wrapping text; ``role`` is one of the style sheet's."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(True)
    made.setProperty("role", role)
    if selectable:
        made.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
    return made


def copy_button(tip: str, text: Callable[[], str]) -> QPushButton:
    """A small button that puts a text on the clipboard."""
    button = QPushButton()
    button.setProperty("role", "link")
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.clicked.connect(lambda: QGuiApplication.clipboard().setText(text()))
    return button


def link(text: str, call: Callable[[], object]) -> QPushButton:
    """A button that looks like a link."""
    button = QPushButton(text)
    button.setProperty("role", "link")
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    button.clicked.connect(lambda: call())
    return button


def grid() -> tuple[QWidget, QGridLayout]:
    """A widget with two columns, the second one wide."""
    holder = QWidget()
    layout = QGridLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setColumnStretch(1, 1)
    return holder, layout


def drop(widget: QWidget | None) -> None:
    """Takes a widget away for good."""
    if widget is not None:
        widget.hide()
        widget.setParent(None)
        widget.deleteLater()


def clear(layout: QLayout) -> None:
    """Empties a layout of widgets."""
    while layout.count():
        item = layout.takeAt(0)
        drop(item.widget() if item else None)
