"""Small pieces that panels are built of."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import (
    QEnterEvent,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QPainter,
    QPaintEvent,
    QPalette,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

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


class Link(QAbstractButton):
    """A button that looks like a link and wraps like a text."""

    def __init__(self, text: str, call: Callable[[], object], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setAccessibleName(text)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.clicked.connect(lambda: call())

    def _font(self) -> QFont:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        font.setUnderline(self.underMouse())
        return font

    def _room(self, width: int) -> QRect:
        flags = Qt.TextFlag.TextWordWrap.value | Qt.AlignmentFlag.AlignLeft.value
        return QFontMetrics(self._font()).boundingRect(QRect(0, 0, max(width - 4, 1), 10_000), flags, self.text())

    def heightForWidth(self, width: int) -> int:
        return self._room(width).height() + 4

    def hasHeightForWidth(self) -> bool:
        return True

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self._font())
        return QSize(metrics.horizontalAdvance(self.text()) + 6, metrics.lineSpacing() + 4)

    def minimumSizeHint(self) -> QSize:
        metrics = QFontMetrics(self._font())
        longest = max((metrics.horizontalAdvance(word) for word in self.text().split()), default=0)
        return QSize(min(longest + 6, self.sizeHint().width()), metrics.lineSpacing() + 4)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._font())
        painter.setPen(self.palette().color(QPalette.ColorRole.Link))
        flags = Qt.TextFlag.TextWordWrap.value | Qt.AlignmentFlag.AlignLeft.value | Qt.AlignmentFlag.AlignVCenter.value
        painter.drawText(self.rect().adjusted(2, 2, -2, -2), flags, self.text())
        if self.hasFocus():
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 3, 3)


def breakable(code: str) -> str:
    """Code that may be broken after its signs, for labels that nobody copies from."""
    return re.sub(r"([._(,=])", "\\1\u200b", code)


def grid() -> tuple[QWidget, QGridLayout]:
    """A widget with two columns, the second one wide."""
    holder = QWidget()
    layout = QGridLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setColumnStretch(1, 1)
    return holder, layout


def button(text: str, tip: str, call: Callable[[], object] | None = None) -> QPushButton:
    """A push button that does this."""
    made = QPushButton(text)
    made.setToolTip(tip)
    if call is not None:
        made.clicked.connect(lambda: call())
    return made


def chip(text: str, tip: str) -> QPushButton:
    """A small button that is on or off."""
    made = button(text, tip)
    made.setProperty("role", "chip")
    made.setCheckable(True)
    return made


def scrolled(page: QWidget, owner: QWidget) -> QScrollArea:
    """``owner`` shows ``page``, which scrolls up and down where there is too little room for it."""
    area = QScrollArea()
    area.setWidget(page)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    column = QVBoxLayout(owner)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(area)
    return area


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


def plain(box: QAbstractSpinBox, look: Look) -> None:
    """A number's field without the two small buttons: the arrow keys step. Qt leaves no room for the text where they are switched off."""
    box.setProperty("plain", True)
    box.lineEdit().setTextMargins(look.px(8), 0, look.px(8), 0)
