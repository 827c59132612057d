"""One row of widgets that scrolls sideways where there is too little room for it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QSizePolicy, QWidget


class Sideways(QScrollArea):
    """As high as what it holds; an arrow at an end says that there is more, the keyboard brings what it reaches into view. Widgets go into ``row``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._holder = QWidget()
        self._holder.setObjectName("page")  # what is behind it shows through
        self.row = QHBoxLayout(self._holder)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.setWidget(self._holder)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        for set_policy in (self.setVerticalScrollBarPolicy, self.setHorizontalScrollBarPolicy):
            set_policy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._holder.installEventFilter(self)
        self.ends = tuple(self._end(text, way) for text, way in (("‹", -1), ("›", 1)))
        bar = self.horizontalScrollBar()
        bar.rangeChanged.connect(lambda *_: self._place())
        bar.valueChanged.connect(lambda _: self._place())

    def _end(self, text: str, way: int) -> QPushButton:
        made = QPushButton(text, self)
        made.setProperty("role", "edge")
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        made.setAccessibleName("More of this row")
        made.setToolTip("More of this row; the wheel moves it")
        made.clicked.connect(lambda: self._move(way * max(40, self.viewport().width() * 2 // 3)))
        made.hide()
        return made

    def _move(self, by: int) -> None:
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() + by)

    def _place(self) -> None:
        bar = self.horizontalScrollBar()
        for end, more in zip(self.ends, (bar.value() > bar.minimum(), bar.value() < bar.maximum()), strict=True):
            width = end.sizeHint().width()
            end.setGeometry(0 if end is self.ends[0] else self.width() - width, 0, width, self.height())
            end.setVisible(more)
            end.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._holder and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.horizontalScrollBar().maximum() <= 0:
            event.ignore()
            return
        angle = event.angleDelta()
        self._move(-(angle.x() or angle.y()))
        event.accept()

    def sizeHint(self) -> QSize:
        return self._holder.sizeHint()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())
