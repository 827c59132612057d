"""The whole window with an engine in the same process: real mouse and key events, real results."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QMenu, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from guigrad.document import edit
from guigrad.document.store import Store
from guigrad.run.runner import InlineRunner
from guigrad.session import Session
from guigrad.ui.main_window import MainWindow
from guigrad.ui.settings import Settings
from guigrad.ui.widgets.parts import Link
from guigrad.ui.widgets.search_box import SearchBox


def drop(target: QWidget, mime: QMimeData, place: QPointF) -> None:
    """A drag that enters a widget and is let go there."""
    action, button, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(target, QDragEnterEvent(place.toPoint(), action, mime, button, keys))
    QApplication.sendEvent(target, QDropEvent(place, action, mime, button, keys))


def node(window: MainWindow, label: str) -> str:
    window.live._follow()
    return window.labels()[label]


def test_opening_computes_and_shows_code(lesson: MainWindow, qtbot: QtBot) -> None:
    lesson.live._follow()
    assert "t2 = t1 + 2" in lesson.code.view.toPlainText()
    frame = lesson.session.frame
    assert frame is not None
    assert frame["t4"].value.item() == pytest.approx(7.5344, abs=1e-4)
    assert [item.text for item in lesson.rail.strip.items] == ["forward"]


def test_forward_backward_and_zero_grad_by_keys(lesson: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(lesson, Qt.Key.Key_F5)
    qtbot.keyClick(lesson, Qt.Key.Key_F6)
    frame = lesson.session.frame
    assert frame is not None
    grad = frame["t1"].grad
    assert grad is not None
    assert grad.tolist() == pytest.approx([2.2127, -0.0210, 0.4688, 2.5458, 0.6766], abs=1e-4)
    assert frame["t2"].grad is None
    lesson.session.select((node(lesson, "t1"),))
    assert lesson.inspector.grad.array == grad
    qtbot.keyClick(lesson, Qt.Key.Key_Z, Qt.KeyboardModifier.ShiftModifier)
    assert lesson.session.frame is not None
    assert lesson.session.frame["t1"].grad is None


def test_a_second_backward_is_explained_with_fixes(lesson: MainWindow, qtbot: QtBot) -> None:
    for _ in range(2):
        qtbot.keyClick(lesson, Qt.Key.Key_F6)
    assert lesson.problems.problems
    problem = lesson.problems.problems[0]
    assert "second time" in problem.message
    assert problem.fixes
    assert lesson.tabs.tabText(1) == "Problems 1"


def test_retain_grad_from_the_inspector(lesson: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(lesson, Qt.Key.Key_F6)
    lesson.session.select((node(lesson, "t2"),))
    buttons = {button.text(): button for button in lesson.inspector.findChildren(Link)}
    button = buttons["Turn on retain_grad()"]
    qtbot.waitUntil(lambda: button.height() > 10)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    lesson.live._follow()
    assert "t2.retain_grad()" in lesson.code.view.toPlainText()
    assert lesson.session.frame is not None
    assert lesson.session.frame["t2"].grad is not None
    assert "retain_grad" in lesson.actions_by_id["undo"].text()
    qtbot.keyClick(lesson, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    lesson.live._follow()
    assert "retain_grad" not in lesson.code.view.toPlainText()


def test_a_parameter_is_edited_and_answers_at_once(lesson: MainWindow, qtbot: QtBot) -> None:
    lesson.session.select((node(lesson, "t2"),))
    field = lesson.inspector.editors["other"].field
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(field, "3")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert lesson.session.frame is not None
    assert lesson.session.frame["t2"].value.tolist()[0] == pytest.approx(3.7659)
    assert lesson.session.dirty
    assert "●" in lesson.windowTitle()


def test_typing_in_the_inspector_does_not_delete_nodes(lesson: MainWindow, qtbot: QtBot) -> None:
    lesson.session.select((node(lesson, "t2"),))
    count = len(lesson.session.document.nodes)
    lesson.inspector.name.setFocus()
    for key in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete, Qt.Key.Key_F):
        qtbot.keyClick(lesson.inspector.name, key)
    assert len(lesson.session.document.nodes) == count


def test_a_new_graph_begins_at_its_own_size(lesson: MainWindow, qtbot: QtBot) -> None:
    canvas = lesson.canvas
    canvas.grab()
    canvas.zoom_by(0.01, QPointF(0, 0))
    assert canvas.zoom < 0.1
    lesson.session.new()
    assert canvas.zoom == 1.0
    canvas.setFocus()
    QApplication.clipboard().setText("import torch\nx = torch.ones(2)\n")
    qtbot.keyClick(canvas, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    canvas.grab()
    assert canvas.scene.count == 1
    assert canvas.zoom == 1.0


def test_return_in_the_field_over_a_card_is_not_heard_by_the_canvas(lesson: MainWindow, qtbot: QtBot) -> None:
    lesson.session.select((node(lesson, "t2"),))
    lesson.canvas.setFocus()
    qtbot.keyClick(lesson.canvas, Qt.Key.Key_F2)
    editor = lesson.canvas.editor
    assert editor is not None
    qtbot.keyClicks(editor, "y")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert "y" in {made.name for made in lesson.session.document.nodes.values()}
    assert lesson.focusWidget() is lesson.canvas


def test_a_palette_op_lands_on_the_canvas(window: MainWindow, qtbot: QtBot) -> None:
    panel = window.palette_panel
    qtbot.keyClicks(panel.field, "randn")
    qtbot.keyClick(panel.field, Qt.Key.Key_Return)
    ops = [made.op for made in window.session.document.nodes.values()]
    assert "torch.randn" in ops
    assert len(window.session.selection) == 1


def test_an_op_is_dropped_from_the_palette(window: MainWindow, qtbot: QtBot) -> None:
    window.show_canvas()
    panel = window.palette_panel
    panel.field.setText("zeros")
    mime = panel.model.mimeData([panel.model.first_op()])
    drop(window.canvas, mime, QPointF(200, 150))
    assert [made.op for made in window.session.document.nodes.values()] == ["torch.zeros"]


def test_a_broken_file_leaves_the_document(lesson: MainWindow, tmp_path: Path) -> None:
    broken = tmp_path / "broken.guigrad"
    broken.write_text("{not json")
    before = lesson.session.document
    assert not lesson.intents.open_path(str(broken))
    assert lesson.session.document is before
    assert not lesson.bar.isHidden()
    assert "not JSON" in lesson.bar.text.text()
    assert not lesson.intents.open_path(str(tmp_path / "missing.guigrad"))
    assert lesson.session.document is before


def test_a_dropped_file_opens(window: MainWindow, script: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(script))])
    drop(window, mime, QPointF(5, 5))
    assert len(window.session.document.nodes) == 5
    assert window.settings.recent == [str(script)]


def test_save_and_open_again(lesson: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "saved.guigrad"
    lesson.session.edit(edit.rename("t1", "w"))
    assert lesson.intents._save_to(str(path))
    assert not lesson.session.dirty
    assert lesson.intents.open_path(str(path))
    assert "w" in {made.name for made in lesson.session.document.nodes.values()}


def test_cards_of_a_script_are_where_they_were_when_it_comes_back(
    window: MainWindow, script: Path, tmp_path: Path
) -> None:
    assert window.intents.open_path(str(script))
    scene = window.canvas.scene
    first = next(iter(scene.row))
    assert window.session.edit(edit.move({first: (900.0, 700.0)}))
    before = {key: (float(scene.x[row]), float(scene.y[row])) for key, row in scene.row.items()}
    path = tmp_path / "saved.guigrad"
    assert window.intents._save_to(str(path))
    assert window.intents.open_path(str(path))
    assert {key: (float(scene.x[row]), float(scene.y[row])) for key, row in window.canvas.scene.row.items()} == before


def test_closing_asks_about_unsaved_changes(lesson: MainWindow, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    lesson.add_op("torch.ones")
    answers = [QMessageBox.StandardButton.Cancel]
    monkeypatch.setattr(QMessageBox, "exec", lambda box: answers[-1])
    assert not lesson.close()
    assert lesson.isVisible()
    answers.append(QMessageBox.StandardButton.Discard)
    assert lesson.close()


def test_unsaved_work_comes_back(lesson: MainWindow, qtbot: QtBot) -> None:
    lesson.add_op("torch.ones")
    lesson.end()
    assert lesson.live.recovery.is_file()
    session = Session(Store(), InlineRunner())
    again = MainWindow(session, Settings(lesson.settings.folder))
    again.start(None, "")
    assert len(again.session.document.nodes) == 6
    assert "without saving" in again.bar.text.text()
    again.intents.discard()
    assert not again.live.recovery.exists()
    again.end()
    session.close()
    again.deleteLater()


@pytest.mark.parametrize(("width", "height", "scale"), [(1280, 720, 1.0), (1600, 1000, 1.0), (1280, 720, 2.5)])
def test_nothing_is_clipped(lesson: MainWindow, qtbot: QtBot, width: int, height: int, scale: float) -> None:
    lesson.set_scale(scale)
    lesson.resize(width, height)
    QApplication.processEvents()
    assert (lesson.width(), lesson.height()) == (width, height)
    top = lesson.top
    shown = [*top.buttons.values(), top.device, top.xray, top.search, top.theme]
    for left, right in itertools.pairwise(shown):
        assert left.geometry().right() < right.geometry().left()
    assert shown[-1].geometry().right() <= top.width()
    for button in (*top.buttons.values(), top.xray):
        assert button.width() >= button.sizeHint().width()
    assert lesson.canvas.width() >= width * 0.35
    lesson.set_scale(1.0)


def test_theme_changes_everywhere_and_is_remembered(lesson: MainWindow) -> None:
    lesson.intents.theme()
    assert not lesson.look.theme.dark
    assert Settings(lesson.settings.folder).theme == "light"
    assert not lesson.rail.strip.look.theme.dark


def test_pasted_code_becomes_a_graph(window: MainWindow) -> None:
    assert window.intents.open_code("import torch\nx = torch.ones(3)\ny = mystery(x)\nz = x * 2\n")
    labels = {made.name for made in window.session.document.nodes.values()}
    assert {"x", "z"} <= labels
    assert not window.bar.isHidden()
    assert "line 3" in window.bar.text.text()


def test_hovering_code_lights_the_card(lesson: MainWindow, qtbot: QtBot) -> None:
    key = node(lesson, "t2")
    lesson.code.nodes_hovered.emit((key,))
    assert lesson.canvas.hover == key
    lesson.canvas.set_hover(None)
    assert lesson.code._marked["hovered"] == frozenset()


def test_an_edited_leaf_stays_edited(window: MainWindow) -> None:
    window.intents.new()
    window.add_op("torch.tensor")
    window.add_op("operator.add")
    leaf = next(key for key, made in window.session.document.nodes.items() if made.name)
    window.session.select((leaf,))
    window.inspector.param_edited.emit(leaf, "requires_grad", True)
    window.add_op("torch.ones")
    assert window.session.frame is not None
    assert window.session.frame.records[leaf].requires_grad


def test_a_card_dropped_on_the_rail_becomes_an_effect(lesson: MainWindow, qtbot: QtBot) -> None:
    key = node(lesson, "t4")
    canvas, rail = lesson.canvas, lesson.rail
    row = canvas.scene.row[key]
    place = canvas.viewport.to_screen(float(canvas.scene.x[row]) + 60, float(canvas.scene.y[row]) + 12)
    start = QPoint(round(place[0]), round(place[1]))
    before = lesson.session.document
    end = canvas.mapFromGlobal(rail.mapToGlobal(QPoint(rail.width() - 40, rail.height() // 2)))
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    for step in (0.3, 0.7, 1.0):
        between = start + (end - start) * step
        event = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(between), canvas.mapToGlobal(QPointF(between)), Qt.MouseButton.NoButton,
            Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(canvas, event)
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=end)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert lesson.session.document is before
    menu.actions()[0].trigger()
    menu.close()
    lesson.live._follow()
    assert lesson.code.view.toPlainText().rstrip().endswith("t4.backward()")
    assert [item.text for item in lesson.rail.strip.items] == ["forward", "t4.backward()"]


def test_the_rail_by_keys(lesson: MainWindow, qtbot: QtBot) -> None:
    lesson.session.edit(edit.add_effect("backward", node(lesson, "t4")))
    lesson.live._follow()
    strip = lesson.rail.strip
    strip.setFocus()
    for _ in range(2):
        qtbot.keyClick(strip, Qt.Key.Key_Right)
    assert lesson.session.selection
    qtbot.keyClick(strip, Qt.Key.Key_Delete)
    lesson.live._follow()
    assert [item.text for item in strip.items] == ["forward"]


def test_tidy_places_every_card_anew(lesson: MainWindow, qtbot: QtBot) -> None:
    first, second = node(lesson, "t1"), node(lesson, "t2")
    lesson.session.edit(edit.move({first: (0.0, 0.0), second: (-500.0, 900.0)}))
    before = dict(lesson.session.document.views)
    lesson.canvas.setFocus()
    lesson.session.select(())
    qtbot.keyClick(lesson.canvas, Qt.Key.Key_L)
    qtbot.waitUntil(lambda: not lesson.tidy.running)
    views = lesson.session.document.views
    assert len(views) == 5
    assert views[first].x < views[second].x
    qtbot.keyClick(lesson, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert lesson.session.document.views == before


def test_search_finds_commands_nodes_and_ops(lesson: MainWindow, qtbot: QtBot) -> None:
    lesson.live._follow()
    qtbot.keyClick(lesson, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    box = QApplication.activePopupWidget()
    assert isinstance(box, SearchBox)
    qtbot.keyClicks(box.field, "t3")
    assert box.model.entries[0].kind == "node"
    qtbot.keyClick(box.field, Qt.Key.Key_Return)
    assert lesson.session.selection == {node(lesson, "t3")}
    assert not box.isVisible()


def test_the_welcome_page_opens_lessons(window: MainWindow, qtbot: QtBot) -> None:
    window.start(None, "")
    assert window.stack.currentWidget() is window.welcome
    assert window.rail.isHidden()
    card = window.welcome.cards[0]
    qtbot.waitUntil(lambda: card.picture is not None)
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    assert window.stack.currentWidget() is window.canvas
    assert window.session.path == str(card.lesson.path)
    assert window.is_lesson(window.session.path)
    assert window.settings.recent == []


def test_export_writes_the_script(lesson: MainWindow, tmp_path: Path) -> None:
    lesson.intents.write_export(str(tmp_path / "out.py"))
    assert "t2 = t1 + 2" in (tmp_path / "out.py").read_text()
    lesson.intents.write_export(str(tmp_path / "out.svg"))
    assert (tmp_path / "out.svg").read_text().lstrip().startswith("<")
    with pytest.raises(ValueError, match="ends in"):
        lesson.intents.write_export(str(tmp_path / "out.docx"))
