"""Export from the window, and the picture that a copied selection leaves on the clipboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from guigrad.files.load import load
from guigrad.ui.main_window import MainWindow
from guigrad.ui.widgets.export_dialog import ExportDialog


def answer(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, path: Path, use: Callable[[ExportDialog], None]
) -> None:
    """Ctrl+E, what ``use`` does in the dialog, and then that file."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *what: (str(path), ""))

    def act() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, ExportDialog)
        try:
            use(dialog)
        finally:  # else the dialog would wait for ever
            dialog.accept()

    QTimer.singleShot(0, act)
    QTest.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)


def test_a_picture_of_the_selection(
    lesson: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qtbot: QtBot
) -> None:
    lesson.live._follow()
    lesson.session.select([key for label, key in lesson.labels().items() if label in ("t1", "t2")])
    sizes: list[str] = []

    def use(dialog: ExportDialog) -> None:
        sizes.append(dialog.size_text.text())
        assert not dialog.preview.pixmap().isNull()
        for combo in (dialog.what, dialog.theme):
            combo.setCurrentIndex(1)
        assert dialog.choice().selection
        assert dialog.choice().theme == "light"
        assert dialog.scale.lineEdit().width() > dialog.scale.fontMetrics().horizontalAdvance(dialog.scale.text())
        dialog.scale.setFocus()
        dialog.scale.selectAll()
        QTest.keyClicks(dialog.scale, "3")
        QTest.keyClick(dialog.scale, Qt.Key.Key_Tab)
        dialog.transparent.setFocus()
        QTest.keyClick(dialog.transparent, Qt.Key.Key_Space)
        sizes.append(dialog.size_text.text())

    answer(lesson, monkeypatch, tmp_path / "part.png", use)
    image = QImage(str(tmp_path / "part.png"))
    assert f"{image.width()} × {image.height()} px" in sizes[1]
    assert sizes[0] != sizes[1]
    assert image.pixelColor(1, 1).alpha() == 0
    assert len(load(tmp_path / "part.png").nodes) == 2
    assert lesson.intents.open_path(str(tmp_path / "part.png"), ask=False)
    assert not lesson.findChildren(ExportDialog) or not QApplication.activeModalWidget()


def test_a_script(lesson: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answer(lesson, monkeypatch, tmp_path / "out", lambda dialog: dialog.kind.setCurrentIndex(3))
    assert "t2 = t1 + 2" in (tmp_path / "out.py").read_text()


def test_what_cannot_be_written_is_told(lesson: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answer(lesson, monkeypatch, tmp_path / "no" / "such" / "a.png", lambda dialog: None)
    assert "was not written" in lesson.bar.text.text()


def test_nothing_is_selected_nothing_can_be_chosen(
    lesson: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def use(dialog: ExportDialog) -> None:
        QTest.keyClick(dialog.what, Qt.Key.Key_Down)
        assert dialog.what.currentData() == "all"

    answer(lesson, monkeypatch, tmp_path / "a.svg", use)
    assert len(load(tmp_path / "a.svg").nodes) == 5


def test_copying_puts_a_picture_beside_text_and_document(lesson: MainWindow, qtbot: QtBot) -> None:
    lesson.live._follow()
    key = lesson.labels()["t2"]
    lesson.canvas.select((key,))
    QTest.keyClick(lesson.canvas, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    data = QGuiApplication.clipboard().mimeData()
    assert data.hasText()
    assert data.hasFormat("application/x-guigrad-document")
    one = QGuiApplication.clipboard().image()
    assert one.width() > 200
    lesson.canvas.select_all()
    lesson.canvas.zoom_out()
    QTest.keyClick(lesson.canvas, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().image().width() > one.width()
    QGuiApplication.clipboard().clear()


def test_a_picture_opens_with_every_card_where_it_was(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = "import torch\nx = torch.ones(2, requires_grad=True)\ns = 0.5\nb = torch.ones(2)\ny = (x * s + b).sum()\n"
    (tmp_path / "a.py").write_text(script)
    assert window.intents.open_path(str(tmp_path / "a.py"), ask=False)
    window.live._follow()
    canvas = window.canvas
    canvas.set_slider(
        window.labels()["s"], (0.0, 1.0, 0.05)
    )  # this card has a place in the document, the others have none

    def places() -> dict[str, tuple[float, float]]:
        window.live._follow()
        scene = canvas.scene
        return {
            label: (scene.x[scene.row[key]], scene.y[scene.row[key]])
            for label, key in window.labels().items()
            if key in scene.row
        }

    before = places()
    answer(window, monkeypatch, tmp_path / "a.png", lambda dialog: None)
    assert window.intents.open_path(str(tmp_path / "a.png"), ask=False)
    assert places() == before
    assert len(before) == 6
