"""What a screen reader is told of the painted canvas."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from guigrad.document.problem import Problem
from guigrad.ui.canvas import accessible, bench
from guigrad.ui.canvas.tips import node_tip
from tests.ui.canvas.holder import canvas
from tests.ui.canvas.samples import lesson, lesson_frame
from tests.work import calls


def test_each_card_is_a_child_with_name_value_and_gradient(qapp: QApplication) -> None:
    view, _ = canvas(lesson())
    found = QAccessible.queryAccessibleInterface(view)
    assert found is not None
    assert found.role() == QAccessible.Role.Canvas
    assert found.childCount() == 6
    names = [found.child(index).text(QAccessible.Text.Name) for index in range(6)]
    assert names[0] == "t1 tensor"
    assert accessible.interface(view).description("t1") == "not run yet"
    view.set_frame(lesson_frame())
    gc.collect()
    first = found.child(0)
    assert first.text(QAccessible.Text.Value) == (
        "value [0.7659, -2.0262, -1.4139, 1.1822, -1.1543], gradient [2.2127, -0.0210, 0.4689, 2.5458, 0.6766]"
    )
    assert "None · not a leaf" in accessible.interface(view).description("t2")
    assert "x-ray gradient [0.4000" in accessible.interface(view).description("sq")
    place = first.rect()
    assert found.childAt(place.center().x(), place.center().y()).text(QAccessible.Text.Name) == "t1 tensor"
    assert found.indexOfChild(first) == 0
    view.close()
    view.deleteLater()


def test_the_focused_card_is_the_one_selected(qapp: QApplication) -> None:
    view, _ = canvas(lesson())
    view.setFocus()
    view.select(("t3",))
    child = accessible.interface(view).focusChild()
    assert child is not None
    assert child.text(QAccessible.Text.Name) == "t3 mul"
    assert child.state().selected  # type: ignore[attr-defined]  # the stub lacks the flags
    view.intents.remove(["t3"])
    assert accessible.interface(view).focusChild() is None
    assert not child.isValid()
    view.close()
    view.deleteLater()


def test_a_tooltip_says_what_a_face_has_no_room_for(qapp: QApplication) -> None:
    view, _ = canvas(lesson())
    view.set_frame(lesson_frame())
    text = node_tip(view, view.scene.row["t1"])
    assert "min -2.026 · mean -0.5293 · max 1.182" in text
    assert "float32 [5] on cpu" in text
    view.close()
    view.deleteLater()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, qapp: QApplication) -> Iterator[list[QAccessibleEvent]]:
    """A screen reader listens; what it is told."""
    heard: list[QAccessibleEvent] = []
    monkeypatch.setattr(accessible, "tell", heard.append)
    QAccessible.setActive(True)
    yield heard
    QAccessible.setActive(False)


def test_a_card_tells_its_wires_and_neighbours(qapp: QApplication) -> None:
    view, _ = canvas(lesson())
    found = accessible.interface(view)
    text = found.node("t2").text(QAccessible.Text.Description)
    assert "inputs: self from t1; other from two" in text
    assert "goes to pow" in text
    assert "Ctrl and arrow" in found.node("t2").text(QAccessible.Text.Help)
    view.close()
    view.deleteLater()


def test_a_failed_card_is_invalid_and_says_why(qapp: QApplication) -> None:
    view, _ = canvas(lesson())
    view.set_problems([Problem("shapes do not fit", node="t3", node_id="t3")])
    child = accessible.interface(view).node("t3")
    assert child.state().invalid  # type: ignore[attr-defined]  # the stub lacks the flags
    view.set_frame(lesson_frame())
    view.set_problems([Problem("shapes do not fit", node="t3", node_id="t3")])
    assert "shapes do not fit" in child.text(QAccessible.Text.Value)
    view.select(("t3",))
    view.collapse()
    assert child.state().collapsed  # type: ignore[attr-defined]
    view.close()
    view.deleteLater()


def test_walking_and_new_values_are_told(told: list[QAccessibleEvent]) -> None:
    view, _ = canvas(lesson())
    view.setFocus()
    view.select(("t1",))
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    focus = [event.child() for event in told if event.type() == QAccessible.Event.Focus]
    names = [accessible.interface(view).child(place).text(QAccessible.Text.Name) for place in focus]
    assert names[0] == "t1 tensor"
    assert names[-1].startswith("t3")
    told.clear()
    view.set_frame(lesson_frame())
    view.set_frame(lesson_frame())
    assert [event.type() for event in told] == [QAccessible.Event.ValueChanged]  # once: the second is the same
    view.close()
    view.deleteLater()


def test_a_reader_goes_through_ten_thousand_cards_at_once(qapp: QApplication) -> None:
    view, _ = canvas(bench.graph(2000))
    found = accessible.interface(view)

    def read() -> None:
        for index in range(found.childCount()):
            child = found.child(index)
            assert child is not None
            assert found.indexOfChild(child) == index

    assert calls(read) < 60 * 2000
    view.close()
    view.deleteLater()
