"""A button of the top bar: icon, text and shortcut of an action, as much of it as there is room for."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QAction, QEnterEvent, QFontMetrics, QKeySequence, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from guigrad.ui.actions import Action
from guigrad.ui.style import Look

FULL, PLAIN, ICON = 0, 1, 2
"""How much a button shows: icon, text and shortcut; icon and text; the icon alone."""


class ActionButton(QAbstractButton):
    """Follows a QAction. ``tone`` is "primary", "grad", "chip" or "" and ``swap`` lets Forward become Stop while running."""

    def __init__(self, row: Action, action: QAction, look: Look, tone: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row, self.action, self.look, self.tone, self.level = row, action, look, tone, FULL
        self.icon_name = row.icon
        self._sized: tuple[Action, str] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(lambda: self.action.trigger())
        self._connection = action.changed.connect(self._follow)
        self._follow()

    def swap(self, row: Action, action: QAction) -> None:
        """Stands for another action from now on."""
        if action is self.action:
            return
        self.action.changed.disconnect(self._connection)
        self.row, self.action, self.icon_name = row, action, row.icon
        self._connection = action.changed.connect(self._follow)
        self._follow()

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self.updateGeometry()
        self.update()

    def set_level(self, level: int) -> None:
        """Shows more or less."""
        if level != self.level:
            self.level = level if self.row.icon or level != ICON else PLAIN
            self.updateGeometry()
            self.update()

    def width_at(self, level: int) -> int:
        """The width it needs at a level. Units: px"""
        look = self.look
        level = level if self.row.icon or level != ICON else PLAIN
        width = look.px(24)
        if self.row.icon:
            width += look.px(14)
        if level <= PLAIN:
            width += QFontMetrics(look.text(12.5, 600)).horizontalAdvance(self.row.text)
            width += look.px(7) if self.row.icon else 0
        if level == FULL and self.keys:
            width += look.px(9) + QFontMetrics(look.code(10.5)).horizontalAdvance(self.keys)
        return width

    @property
    def keys(self) -> str:
        """The first shortcut as this system writes it; "" for none."""
        return self.action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)

    def _follow(self) -> None:
        self.setEnabled(self.action.isEnabled())
        self.setCheckable(self.action.isCheckable())
        if self.isCheckable():
            self.setChecked(self.action.isChecked())
        self.setToolTip(self.action.toolTip())
        self.setAccessibleName(self.row.text)
        if self._sized != (self.row, self.keys):  # a layout made anew paints the whole panel
            self._sized = self.row, self.keys
            self.updateGeometry()
        self.update()

    def nextCheckState(self) -> None:
        """The action alone decides whether it is checked."""

    def sizeHint(self) -> QSize:
        return QSize(self.width_at(self.level), self.look.px(30))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()

    def _colours(self) -> tuple[str, str, str]:
        """(fill, text, border) tokens."""
        if not self.isEnabled():
            return "raised", "text_faint", "border"
        over = self.underMouse()
        if self.tone == "primary":
            return "accent_hover" if over else "accent", "text_on_accent", "accent"
        if self.tone == "chip" and self.isChecked():
            return "grad_soft", "grad", "grad_soft"
        fill = "pressed" if self.isDown() else "hover" if over else "raised"
        if self.tone == "flat" and not over:
            fill = "panel"
        return fill, "grad" if self.tone == "grad" else "text", "panel" if self.tone == "flat" else "border"

    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter = self.look, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fill, text, border = self._colours()
        painter.setBrush(look.color(fill))
        painter.setPen(QPen(look.color("focus" if self.hasFocus() else border), 2 if self.hasFocus() else 1))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), look.px(6), look.px(6))
        side = look.px(12)
        inner = QRect(side, 0, self.width() - 2 * side, self.height())
        if self.row.icon:
            size = look.px(14)
            pixmap = look.pixmap(self.icon_name, 14, text, self.devicePixelRatioF())
            left = inner.left() if self.level <= PLAIN else (self.width() - size) // 2
            painter.drawPixmap(left, (self.height() - size) // 2, pixmap)
            inner.setLeft(left + size + look.px(7))
        if self.level <= PLAIN:
            painter.setFont(look.text(12.5, 600))
            painter.setPen(look.color(text))
            painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.row.text)
        if self.level == FULL and self.keys:
            painter.setFont(look.code(10.5))
            painter.setPen(look.color(text if self.tone == "primary" else "text_faint"))
            painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self.keys)
