"""What a screen reader is told of the painted canvas."""

from __future__ import annotations

import gc

from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication

from guigrad.ui.canvas import accessible
from guigrad.ui.canvas.tips import node_tip
from tests.ui.canvas.holder import canvas
from tests.ui.canvas.samples import lesson, lesson_frame


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
