"""What a screen reader is told of the window: every control has a name, the rail its steps, runs and errors are said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QWidget

from guigrad.ui.canvas import accessible
from guigrad.ui.main_window import MainWindow

LOOP = (
    "import torch\nw = torch.ones(2, requires_grad=True)\nfor i in range(2):\n    w.sum().backward()\nprint(w.grad)\n"
)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, qapp: QApplication) -> Iterator[list[str]]:
    """A screen reader listens; the sentences it is told."""
    heard: list[str] = []

    def tell(event: QAccessibleEvent) -> None:
        if isinstance(event, QAccessibleAnnouncementEvent):
            heard.append(event.message())

    monkeypatch.setattr(accessible, "tell", tell)
    QAccessible.setActive(True)
    yield heard
    QAccessible.setActive(False)


def test_results_and_errors_are_said_once(said: list[str], lesson: MainWindow) -> None:
    key = next(iter(lesson.session.document.nodes))
    lesson.canvas.setFocus()
    lesson.canvas.select((key,))
    QTest.keyClick(lesson, Qt.Key.Key_F6)
    assert "Gradients computed, t1 tensor: value [0.7659" in said[-1]
    assert "gradient [2.21" in said[-1]
    QTest.keyClick(lesson, Qt.Key.Key_F6)
    assert said[-1].startswith("Error: Trying to backward through the graph a second time")
    assert len(said) == len(set(said))


def test_the_rail_is_a_list_of_steps(said: list[str], window: MainWindow) -> None:
    window.intents.open_code(LOOP)
    window.live._follow()
    strip = window.rail.strip
    found = QAccessible.queryAccessibleInterface(strip)
    assert found.role() == QAccessible.Role.List
    names = [found.child(n).text(QAccessible.Text.Name) for n in range(found.childCount())]
    assert any("for i in range(2)" in name for name in names)
    assert any("print" in name for name in names)
    strip.setFocus()
    QTest.keyClick(strip, Qt.Key.Key_Right)
    QTest.keyClick(strip, Qt.Key.Key_Home)
    first = found.child(0)
    assert found.focusChild() is first
    assert first.state().selected  # type: ignore[attr-defined]  # the stub lacks the flags
    assert said[-1] == names[0]
    assert f"step 1 of {len(names)}" in first.text(QAccessible.Text.Description)
    place = first.rect().center()
    assert found.indexOfChild(found.childAt(place.x(), place.y())) == 0
    inner = next(
        child for child in map(found.child, range(len(names))) if "backward" in child.text(QAccessible.Text.Name)
    )
    assert "1 blocks deep" in inner.text(QAccessible.Text.Description)


def test_everything_that_takes_the_keys_has_a_name(lesson: MainWindow) -> None:
    lesson.session.select((next(iter(lesson.session.document.nodes)),))
    nameless = []
    for widget in lesson.findChildren(QWidget):
        if not widget.isVisibleTo(lesson) or widget.focusPolicy() == Qt.FocusPolicy.NoFocus:
            continue
        if isinstance(widget.parent(), QAbstractItemView) or widget.objectName().startswith("qt_"):
            continue
        found = QAccessible.queryAccessibleInterface(widget)
        if found is not None and not found.text(QAccessible.Text.Name).strip():
            nameless.append(f"{type(widget).__name__} {widget.objectName()} in {type(widget.parent()).__name__}")
    assert not nameless, nameless


def test_rows_of_lists_and_cells_of_tensors_are_told(lesson: MainWindow) -> None:
    lesson.session.select((next(iter(lesson.session.document.nodes)),))
    rows = QAccessible.queryAccessibleInterface(lesson.palette_panel.list)
    texts = [rows.child(n).text(QAccessible.Text.Name) for n in range(min(rows.childCount(), 40))]
    assert sum(bool(text.strip()) for text in texts) > 10
    table = QAccessible.queryAccessibleInterface(lesson.inspector.value.table)
    cells = [table.child(n).text(QAccessible.Text.Name) for n in range(table.childCount())]
    assert any("0.7659" in cell for cell in cells)
