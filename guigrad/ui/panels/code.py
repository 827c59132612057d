"""The document as a Python script: read-only, coloured, each line tied to its nodes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QTextEdit, QVBoxLayout, QWidget

from guigrad.ui.style import Look

LONG: Final = 4000
SHOWN: Final = 300
"""Lines of more characters, the data of a tensor, are shown shortened; copied they are whole."""

TOKENS: Final = re.compile(
    r"""(?P<comment>\#.*)
    |(?P<string>[fFrRbB]{0,2}(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))
    |(?P<keyword>\b(?:import|from|as|for|in|if|elif|else|with|def|return|and|or|not|is|assert|pass|del|True|False|None)\b)
    |(?P<number>\b(?:\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?j?|\.\d+)\b)
    |(?P<call>\b[A-Za-z_]\w*(?=\())""",
    re.VERBOSE,
)


class Highlighter(QSyntaxHighlighter):
    """Colours Python by token."""

    def __init__(self, document: QTextDocument, look: Look) -> None:
        super().__init__(document)
        self.set_look(look)

    def set_look(self, look: Look) -> None:
        """Another theme."""
        self.formats = {}
        for name in ("comment", "string", "keyword", "number", "call"):
            self.formats[name] = QTextCharFormat()
            self.formats[name].setForeground(look.color(f"code_{name}"))
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        for match in TOKENS.finditer(text):
            if match.lastgroup:
                self.setFormat(match.start(), match.end() - match.start(), self.formats[match.lastgroup])


class _Numbers(QWidget):
    """The strip of line numbers left of the text."""

    def __init__(self, view: CodeView) -> None:
        super().__init__(view)
        self.view = view

    def paintEvent(self, event: QPaintEvent) -> None:
        view, look = self.view, self.view.look
        painter = QPainter(self)
        painter.setFont(look.code(11))
        painter.setPen(look.color("text_faint"))
        block = view.firstVisibleBlock()
        top = view.blockBoundingGeometry(block).translated(view.contentOffset()).top()
        while block.isValid() and top <= event.rect().bottom():
            height = view.blockBoundingRect(block).height()
            if block.isVisible():
                self._paint_signs(painter, block.blockNumber() + 1, top, height)
                rect = QRect(0, round(top), self.width() - look.px(8), round(height))
                align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                painter.drawText(rect, align, str(block.blockNumber() + 1))
            top += height
            block = block.next()

    def _paint_signs(self, painter: QPainter, line: int, top: float, height: float) -> None:
        """A dot where stepping stops, an arrow where it is."""
        look, view = self.view.look, self.view
        size = look.px(7)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        middle = top + height / 2
        if line in view.stops:
            painter.setBrush(look.color("failed"))
            painter.drawEllipse(QPointF(look.px(7), middle), size / 2, size / 2)
        if line == view.step_line:
            painter.setBrush(look.color("running"))
            x = float(look.px(3))
            tip = QPointF(x + size * 1.3, middle)
            painter.drawPolygon([QPointF(x, middle - size * 0.7), tip, QPointF(x, middle + size * 0.7)])
        painter.restore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            cursor = self.view.cursorForPosition(QPoint(0, round(event.position().y())))
            self.view.margin_clicked.emit(cursor.blockNumber() + 1)


class CodeView(QPlainTextEdit):
    """The text itself. ``line_hovered``, ``line_clicked`` and ``margin_clicked`` count from 1; 0 is none.

    ``stops`` are the lines with a breakpoint, ``step_line`` the one where stepping is.
    """

    line_hovered = Signal(int)
    line_clicked = Signal(int)
    margin_clicked = Signal(int)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self.stops: frozenset[int] = frozenset()
        self.step_line = 0
        self.whole: list[str] = []
        self.setObjectName("code")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setAccessibleName("Code")
        self.setPlaceholderText("The script of the graph appears here, line by line, as you add nodes.")
        self.viewport().setMouseTracking(True)
        self.numbers = _Numbers(self)
        self.numbers.setToolTip("Click sets a breakpoint on the line's node, or takes it away")
        self.blockCountChanged.connect(lambda _count: self._fit())
        self.updateRequest.connect(self._on_update)

    def createMimeDataFromSelection(self) -> QMimeData:
        """What is copied is the code, also of a line that is shown shortened."""
        cursor, document = self.textCursor(), self.document()
        first, last = (document.findBlock(place) for place in (cursor.selectionStart(), cursor.selectionEnd()))
        lines = cursor.selectedText().split("\u2029")
        for number in range(first.blockNumber(), last.blockNumber() + 1):
            if number < len(self.whole) and len(self.whole[number]) > LONG:
                lines[number - first.blockNumber()] = self.whole[number]
        data = QMimeData()
        data.setText("\n".join(lines))
        return data

    def _fit(self) -> None:
        self.setViewportMargins(self.numbers_width(), 0, 0, 0)

    def numbers_width(self) -> int:
        """Units: px"""
        digits = len(str(max(self.blockCount(), 10)))
        return self.fontMetrics().horizontalAdvance("9") * digits + self.look.px(22)

    def _on_update(self, rect: QRect, dy: int) -> None:
        if dy:
            self.numbers.scroll(0, dy)
        else:
            self.numbers.update(0, rect.y(), self.numbers.width(), rect.height())

    def line_at(self, event: QMouseEvent) -> int:
        """The line under the pointer, 0 below the text."""
        cursor = self.cursorForPosition(event.position().toPoint())
        rect = self.blockBoundingGeometry(cursor.block()).translated(self.contentOffset())
        return cursor.blockNumber() + 1 if rect.bottom() >= event.position().y() else 0

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        rect = self.contentsRect()
        self.numbers.setGeometry(rect.left(), rect.top(), self.numbers_width(), rect.height())
        self._fit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.line_hovered.emit(self.line_at(event))
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not self.textCursor().hasSelection():
            self.line_clicked.emit(self.line_at(event))

    def leaveEvent(self, event: QEvent) -> None:
        self.line_hovered.emit(0)
        super().leaveEvent(event)


class CodePanel(QWidget):
    """The code view with its copy button. Signals carry node ids (a tuple); ``breakpoint_asked`` is told a click in the margin."""

    breakpoint_asked = Signal(object)
    nodes_hovered = Signal(object)
    nodes_chosen = Signal(object)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.view = CodeView(look)
        self.highlighter = Highlighter(self.view.document(), look)
        self._by_line: dict[int, tuple[str, ...]] = {}
        self._line_of: Mapping[str, int] = {}
        self._text = ""
        self._marked: dict[str, frozenset[str]] = {"step": frozenset(), "selected": frozenset(), "hovered": frozenset()}
        self._stops: frozenset[str] = frozenset()
        self.copy_button = QPushButton(self.view)
        self.copy_button.setProperty("role", "flat")
        self.copy_button.setToolTip("Copy the whole script")
        self.copy_button.setAccessibleName("Copy the whole script")
        self.copy_button.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._text))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self.view.line_hovered.connect(lambda line: self.nodes_hovered.emit(self._by_line.get(line, ())))
        self.view.line_clicked.connect(self._on_clicked)
        self.view.margin_clicked.connect(lambda line: self.breakpoint_asked.emit(self._by_line.get(line, ())))
        self.view.viewport().installEventFilter(self)
        self.set_look(look)

    def show_code(self, text: str, lines: Mapping[str, int]) -> None:
        """Shows a script; ``lines`` gives for each node id the line (from 1) that makes it."""
        self._line_of = lines
        by_line: dict[int, list[str]] = {}
        for node, line in lines.items():
            by_line.setdefault(line, []).append(node)
        self._by_line = {line: tuple(nodes) for line, nodes in by_line.items()}
        if text != self._text:
            self._text = text
            self.view.whole = text.split("\n")
            self._write("\n".join(line if len(line) <= LONG else f"{line[:SHOWN]}…" for line in self.view.whole))
        self._mark()

    def _write(self, text: str) -> None:
        """Changes only the lines that differ, so that a long script is not coloured anew at every edit."""
        bar = self.view.verticalScrollBar()
        place = bar.value()
        old, new = self.view.toPlainText().split("\n"), text.split("\n")
        head = 0
        while head < min(len(old), len(new)) and old[head] == new[head]:
            head += 1
        tail = 0
        while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
            tail += 1
        if head == 0 or tail == 0 or len(old) - head - tail == 0 or len(new) - head - tail == 0:
            self.view.setPlainText(text)
        else:
            document = self.view.document()
            cursor = QTextCursor(document.findBlockByNumber(head))
            last = document.findBlockByNumber(len(old) - tail - 1)
            cursor.setPosition(last.position() + last.length() - 1, QTextCursor.MoveMode.KeepAnchor)
            cursor.insertText("\n".join(new[head : len(new) - tail]))
        bar.setValue(place)

    def mark(self, selected: frozenset[str] | None = None, hovered: frozenset[str] | None = None) -> None:
        """Highlights the lines of these nodes; None leaves a set as it is."""
        if selected is not None and selected != self._marked["selected"]:
            self._marked["selected"] = selected
            lines = sorted(self._line_of[node] for node in selected if node in self._line_of)
            if lines:
                self._show_line(lines[0])
        if hovered is not None:
            self._marked["hovered"] = hovered
        self._mark()

    def show_step(self, node: str | None) -> None:
        """The line of the node where stepping is; None when it is nowhere."""
        self._marked["step"] = frozenset((node,)) if node is not None else frozenset()
        self._mark()
        if self.view.step_line:
            self._show_line(self.view.step_line)

    def show_breakpoints(self, nodes: frozenset[str]) -> None:
        """Dots beside the lines of these nodes."""
        self._stops = nodes
        self._mark()

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = self.view.look = look
        self.view.setFont(look.code(12.5))
        self.highlighter.set_look(look)
        self.copy_button.setIcon(look.icon("copy", "text_muted"))
        self.view.setTabStopDistance(self.view.fontMetrics().horizontalAdvance(" ") * 4)
        self._mark()
        self._place_button()

    def _on_clicked(self, line: int) -> None:
        nodes = self._by_line.get(line, ())
        if nodes:
            self.nodes_chosen.emit(nodes)

    def _show_line(self, line: int) -> None:
        block = self.view.document().findBlockByNumber(line - 1)
        geometry = self.view.blockBoundingGeometry(block).translated(self.view.contentOffset())
        if block.isValid() and not (geometry.top() >= 0 and geometry.bottom() <= self.view.viewport().height()):
            bar = self.view.verticalScrollBar()
            bar.setValue(max(0, line - 1 - bar.pageStep() // 2))

    def _mark(self) -> None:
        marks: list[QTextEdit.ExtraSelection] = []
        soft = self.look.color("running", 0.22)
        colours = (("step", soft), ("selected", self.look.color("accent_soft")), ("hovered", self.look.color("hover")))
        for kind, colour in colours:
            lines = {self._line_of[node] for node in self._marked[kind] if node in self._line_of}
            marks += [self._line_mark(line, colour) for line in sorted(lines)]
        at = next((self._line_of[node] for node in self._marked["step"] if node in self._line_of), 0)
        stops = frozenset(self._line_of[node] for node in self._stops if node in self._line_of)
        if (at, stops) != (self.view.step_line, self.view.stops):
            self.view.step_line, self.view.stops = at, stops
            self.view.numbers.update()
        self.view.setExtraSelections(marks)

    def _line_mark(self, line: int, colour: QColor) -> QTextEdit.ExtraSelection:
        mark = QTextEdit.ExtraSelection()
        form = QTextCharFormat()
        form.setBackground(colour)
        form.setProperty(QTextFormat.Property.FullWidthSelection, True)
        mark.format = form
        mark.cursor = QTextCursor(self.view.document().findBlockByNumber(line - 1))
        return mark

    def _place_button(self) -> None:
        size = self.copy_button.sizeHint()
        bar = self.view.verticalScrollBar()
        edge = bar.width() if bar.isVisible() else 0
        self.copy_button.setFixedSize(QSize(size.width(), size.height()))
        self.copy_button.move(self.view.width() - size.width() - edge - self.look.px(8), self.look.px(6))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place_button()
        return super().eventFilter(watched, event)
