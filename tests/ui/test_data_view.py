"""Data… : chosen, looked at, put into the graph as one change, replaced, dropped, refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QCheckBox, QListWidget, QSpinBox
from pytestqt.qtbot import QtBot

from guigrad.datasets.make import make
from guigrad.datasets.serve import looked
from guigrad.document.problem import ProblemError
from guigrad.run.datamaker import Report
from guigrad.source.emit import emit
from guigrad.ui.data_view import DataView
from guigrad.ui.main_window import MainWindow
from guigrad.ui.widgets.data_dialog import DataDialog
from guigrad.ui.widgets.data_preview import how
from guigrad.ui.widgets.parts import ChevronCombo

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class Here:
    """Makes data sets in this process, at once."""

    def __init__(self, report: Report) -> None:
        self.report, self.number, self.cancelled = report, 0, 0

    def _say(self, do: Any) -> int:
        self.number += 1
        try:
            answer = do()
        except ProblemError as error:
            answer = ("problem", error.problems[0])
        self.report(self.number, answer)
        return self.number

    def make(self, kind: str, settings: Mapping[str, Any]) -> int:
        def do() -> Any:
            made = make(kind, settings)
            return ("made", tuple(getattr(made, name) for name in made.__struct_fields__))

        return self._say(do)

    def look(self, path: str, settings: Mapping[str, Any]) -> int:
        return self._say(lambda: ("looked", looked(path, settings)))

    def cancel(self) -> None:
        self.cancelled += 1

    def close(self) -> None:
        pass


@pytest.fixture
def data(window: MainWindow) -> DataView:
    window.data.close()
    window.data = DataView(window, Here)  # type: ignore[arg-type]  # it answers like the real one
    return window.data


def dialog_of(data: DataView, qtbot: QtBot) -> DataDialog:
    found = data.dialog
    assert found is not None
    qtbot.waitUntil(lambda: found.made is not None or not found.error.isHidden())
    return found


def names(window: MainWindow) -> list[str | None]:
    return [node.name for node in window.session.document.nodes.values()]


def test_a_built_in_set_is_one_change(window: MainWindow, data: DataView, qtbot: QtBot) -> None:
    window.intents.new()
    window.commands.ask("data")
    dialog = dialog_of(data, qtbot)
    assert "X_train  160 × 2  float32" in dialog.said.text()
    seed = dialog.form.fields["seed"]  # type: ignore[union-attr]
    assert isinstance(seed, QSpinBox)
    seed.setFocus()
    seed.selectAll()
    qtbot.keyClicks(seed, "7")
    assert not dialog.add.isEnabled()  # what is shown is no longer what would be added
    qtbot.waitUntil(lambda: dialog.made is not None)
    made = dialog.made
    assert made is not None
    assert made == make("moons", {"seed": 7})
    qtbot.mouseClick(dialog.add, LEFT)
    assert names(window) == ["X_train", "y_train", "X_test", "y_test"]
    session = window.session
    (found,) = session.document.datasets.values()
    assert found.settings["seed"] == 7
    assert session.selection == set(found.leaves())
    assert session.frame is not None
    assert np.array_equal(session.frame["X_train"].value.numpy(), made.arrays["X_train"].numpy())
    session.undo()
    assert not session.document.nodes
    assert not session.document.datasets
    session.redo()
    assert len(session.document.nodes) == 4
    assert data.dialog is None


def test_it_opens_with_what_was_added_last_and_replaces_it(window: MainWindow, data: DataView, qtbot: QtBot) -> None:
    window.intents.new()
    data.open("blobs", {"n": 30, "classes": 4})
    qtbot.mouseClick(dialog_of(data, qtbot).add, LEFT)
    before = window.session.document
    data.open()
    dialog = dialog_of(data, qtbot)
    assert dialog.kind == "blobs"
    assert dialog.form.settings()["classes"] == 4  # type: ignore[union-attr]
    dialog.choose("circles")
    qtbot.waitUntil(lambda: dialog.made is not None and dialog.made.kind == "circles")
    (replace,) = dialog.replace
    assert replace.text() == "Replace Blobs"
    qtbot.mouseClick(replace, LEFT)
    after = window.session.document
    assert after.nodes.keys() == before.nodes.keys()
    assert [each.kind for each in after.datasets.values()] == ["circles"]
    window.session.undo()
    assert window.session.document == before


def test_a_set_that_does_not_fit_the_leaves_says_so(window: MainWindow, data: DataView, qtbot: QtBot) -> None:
    window.intents.new()
    data.open("moons", {"test": 0.0})
    qtbot.mouseClick(dialog_of(data, qtbot).add, LEFT)
    before = window.session.document
    data.open("moons", {"test": 0.5})
    dialog = dialog_of(data, qtbot)
    qtbot.mouseClick(dialog.replace[0], LEFT)
    assert "no X_test" in dialog.error.text()
    assert window.session.document is before
    dialog.reject()
    assert data.dialog is None


def drop(window: MainWindow, target: Any, *paths: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy = Qt.DropAction.CopyAction
    QApplication.sendEvent(target, QDragEnterEvent(QPoint(40, 40), copy, mime, LEFT, NONE))
    QApplication.sendEvent(target, QDropEvent(QPointF(40, 40), copy, mime, LEFT, NONE))


def test_a_dropped_table_asks_for_its_columns(window: MainWindow, data: DataView, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "flowers.csv"
    path.write_text("length,width,kind\n" + "".join(f"{n},{n * n},{'ab'[n % 2]}\n" for n in range(10)))
    window.intents.new()
    drop(window, window.canvas, path)
    dialog = dialog_of(data, qtbot)
    assert dialog.kind == "csv"
    fields = dialog.form.fields  # type: ignore[union-attr]
    targets, inputs = fields["targets"], fields["inputs"]
    assert isinstance(targets, ChevronCombo)
    assert isinstance(inputs, QListWidget)
    assert targets.currentText() == "kind"
    targets.setCurrentIndex(targets.findData("width"))
    states = [inputs.item(row).checkState() for row in range(3)]
    assert states == [Qt.CheckState.Checked, Qt.CheckState.Unchecked, Qt.CheckState.Checked]
    targets.setCurrentIndex(targets.findData("kind"))
    inputs.item(1).setCheckState(Qt.CheckState.Unchecked)
    qtbot.waitUntil(lambda: dialog.made is not None)
    assert dialog.made is not None
    assert dialog.made.columns == ("length",)
    assert dialog.made.classes == ("a", "b")
    qtbot.mouseClick(dialog.add, LEFT)
    (found,) = window.session.document.datasets.values()
    assert (found.name, found.settings["path"]) == ("flowers", str(path))
    data.open()
    assert dialog_of(data, qtbot).form.settings()["inputs"] == ["length"]  # type: ignore[union-attr]
    data.dialog.reject()  # type: ignore[union-attr]


def test_arrays_and_folders_are_dropped_on_the_welcome_page(
    window: MainWindow, data: DataView, qtbot: QtBot, tmp_path: Path
) -> None:
    np.savez(tmp_path / "own.npz", X=np.zeros((6, 5)), labels=np.arange(6) % 2, other=np.ones(6))
    window.show_welcome()
    drop(window, window, tmp_path / "own.npz")
    dialog = dialog_of(data, qtbot)
    fields = dialog.form.fields  # type: ignore[union-attr]
    assert (fields["inputs"].currentData(), fields["targets"].currentData()) == ("X", "labels")  # type: ignore[attr-defined]
    assert how(dialog.made) == "rows"  # type: ignore[arg-type]
    drop(window, window, tmp_path)
    qtbot.waitUntil(lambda: not dialog.error.isHidden())
    assert "no images" in dialog.error.text()
    assert not dialog.add.isEnabled()
    dialog.reject()


def test_a_bad_file_is_told_in_the_dialog(window: MainWindow, data: DataView, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("a,b\n1,2.5\nx,3.5\n")
    before = window.session.document
    data.open("csv", {"path": str(path)})
    dialog = dialog_of(data, qtbot)
    assert "line 3: a: 'x' is no number" in dialog.error.text()
    path.unlink()
    data.open("csv", {"path": str(path)})
    qtbot.waitUntil(lambda: "No such file" in dialog.error.text())
    dialog.reject()
    assert window.session.document is before


@pytest.mark.parametrize("kind", ["moons", "sine", "iris", "digits"])
def test_each_way_of_showing_it_is_drawn(window: MainWindow, data: DataView, qtbot: QtBot, kind: str) -> None:
    data.open(kind, {})
    dialog = dialog_of(data, qtbot)
    assert how(dialog.made) == {"moons": "plane", "sine": "curve", "iris": "rows", "digits": "images"}[kind]  # type: ignore[arg-type]
    image = dialog.preview.grab().toImage()
    ground = image.pixelColor(image.width() // 2, 6)
    drawn = sum(
        image.pixelColor(x, y) != ground
        for x in range(6, image.width() - 6, 5)
        for y in range(6, image.height() - 6, 5)
    )
    assert drawn > 50
    box = dialog.form.fields["standardize"]  # type: ignore[union-attr]
    assert isinstance(box, QCheckBox)
    box.click()
    qtbot.waitUntil(lambda: dialog.made is not None)
    assert dialog.made.settings["standardize"]  # type: ignore[union-attr]
    dialog.reject()


def test_code_of_much_data_is_shown_short_and_copied_whole(window: MainWindow, data: DataView, qtbot: QtBot) -> None:
    window.intents.new()
    data.open("digits", {"test": 0.0})
    qtbot.mouseClick(dialog_of(data, qtbot).add, LEFT)
    whole = emit(window.session.document)
    view = window.code.view
    qtbot.waitUntil(lambda: "y_train" in view.toPlainText())
    assert len(view.toPlainText()) < 2000
    for copy in (window.code.copy_button.click, lambda: (view.selectAll(), view.copy())):
        QGuiApplication.clipboard().clear()
        copy()
        assert QGuiApplication.clipboard().text() == whole
    line = view.document().findBlockByNumber(2)
    cursor = view.textCursor()
    cursor.setPosition(line.position())
    cursor.setPosition(line.position() + 4, cursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    view.copy()
    assert QGuiApplication.clipboard().text() == "impo"


def test_inside_a_function_it_goes_to_the_program(window: MainWindow, data: DataView, qtbot: QtBot) -> None:
    assert window.intents.open_code("import torch\n\n\ndef f(a):\n    return a * 2\n\n\ny = f(torch.ones(2))\n")
    session = window.session
    call = next(key for key, node in session.document.nodes.items() if node.op.startswith("def."))
    assert session.enter(call)
    data.open("moons", {})
    qtbot.mouseClick(dialog_of(data, qtbot).add, LEFT)
    assert not session.way
    (found,) = session.whole.datasets.values()
    assert set(found.leaves()) <= set(session.document.nodes)
