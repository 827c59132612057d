"""The canvas in another Qt program."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QGraphicsScene, QGraphicsView, QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from guigrad.document.model import Document
from guigrad.source.parse.parser import parse
from guigrad.ui.canvas.widget import READ_ONLY, GraphCanvas
from tests.ui.canvas.hand import ALT, CTRL, Hand
from tests.ui.canvas.samples import lesson, lesson_frame

Key = Qt.Key


def shown(qtbot: QtBot, canvas: QWidget) -> None:
    qtbot.addWidget(canvas)
    canvas.resize(1200, 700)
    canvas.show()
    canvas.repaint()


def test_it_is_edited_undone_and_tells(qtbot: QtBot) -> None:
    canvas = GraphCanvas(lesson())
    shown(qtbot, canvas)
    told: list[str] = []
    canvas.document_changed.connect(lambda document, diff: told.append(diff.label))
    first = canvas.document
    hand = Hand(canvas, canvas._desk.store)
    hand.drag(hand.node("t2"), hand.node("t2") + QPoint(40, 60))
    canvas.select(("t3",))
    QTest.keyClick(canvas, Key.Key_Delete)
    assert "t3" not in canvas.document.nodes
    for _ in range(2):
        QTest.keyClick(canvas, Key.Key_Z, CTRL)
    assert canvas.document == first
    QTest.keyClick(canvas, Key.Key_Y, CTRL)
    assert canvas.document != first
    assert len(told) == 5


def test_a_graph_that_is_only_shown_stays_as_it_is(qtbot: QtBot) -> None:
    canvas = GraphCanvas(lesson(), editable=False)
    shown(qtbot, canvas)
    answers: list[str] = []
    canvas.answered.connect(answers.append)
    first = canvas.document
    hand = Hand(canvas, canvas._desk.store)
    hand.drag(hand.node("t2"), hand.node("t2") + QPoint(40, 60))
    hand.drag(hand.port("t1", "out"), hand.port("t4", "in"))
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, ALT, hand.port("t2", "in"))
    canvas.select(("t2",))
    for key in (Key.Key_Delete, Key.Key_F2, Key.Key_Tab, Key.Key_H, Key.Key_N, Key.Key_Right):
        QTest.keyClick(canvas, key)
    for key in (Key.Key_D, Key.Key_X, Key.Key_Z, Key.Key_G):
        QTest.keyClick(canvas, key, CTRL)
    assert canvas.document is first
    assert set(answers) == {READ_ONLY}
    assert QApplication.activePopupWidget() is None
    assert canvas.editor is None
    assert canvas.selection == ("t2",)


def test_another_document_forgets_history_and_values(qtbot: QtBot) -> None:
    canvas = GraphCanvas(lesson())
    shown(qtbot, canvas)
    canvas.set_frame(lesson_frame())
    canvas.select(("t3",))
    canvas.delete()
    canvas.set_document(parse("import torch\nx = torch.ones(3)\n"))
    assert canvas.undo() is None
    assert len(canvas.scene.row) == 1
    canvas.set_document(Document())
    canvas.repaint()
    assert not canvas.scene.row


def test_two_at_once_do_not_know_each_other(qtbot: QtBot) -> None:
    host = QWidget()
    row = QHBoxLayout(host)
    dark, light = GraphCanvas(lesson()), GraphCanvas(lesson(), theme="light", editable=False)
    row.addWidget(dark)
    row.addWidget(light)
    shown(qtbot, host)
    dark.select(("t1",))
    dark.delete()
    assert "t1" in light.document.nodes
    assert light.selection == ()
    corners = [canvas.grab().toImage().pixelColor(3, 3).lightness() for canvas in (dark, light)]
    assert corners[0] < 60 < 200 < corners[1]


def test_in_a_graphics_view(qtbot: QtBot) -> None:
    scene = QGraphicsScene()
    view = QGraphicsView(scene)
    canvas = GraphCanvas(lesson())
    canvas.resize(800, 500)
    proxy = scene.addWidget(canvas)
    shown(qtbot, view)
    row = canvas.scene.row["t2"]
    QApplication.processEvents()
    x, y = canvas.viewport.to_screen(canvas.scene.x[row] + 60, canvas.scene.y[row] + 14)
    place = view.mapFromScene(proxy.mapToScene(x, y))
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    assert canvas.selection == ("t2",)
    image = view.grab().toImage()
    assert len({image.pixelColor(px, py).name() for px in range(0, 1000, 7) for py in range(0, 600, 7)}) > 20


USE = """
def use():
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    shown = [canvas.scene.faces.content(row).value.text for row in canvas.scene.row.values()]
    assert canvas.isVisible() and any(shown) and canvas.scene.faces.record(0).grad.tolist() == [2, 2, 2]
    canvas.select((next(reversed(canvas.scene.row)),))
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    print("USED")
    app.quit()

from PySide6.QtCore import QTimer
QTimer.singleShot(0, use)
"""


def test_the_example_of_the_readme_runs(repository: Path) -> None:
    """As it stands there, in a process of its own; while it runs a node is deleted."""
    text = (repository / "README.md").read_text(encoding="utf-8").partition("## In another Qt program")[2]
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert code is not None
    lines = [line for line in code[1].splitlines() if line.strip()]
    assert len(lines) <= 11
    assert lines[-1] == "app.exec()"
    script = "\n".join(lines[:-1]) + USE + lines[-1]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], cwd=repository, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "x = torch.ones(3, requires_grad=True)" in done.stdout
    assert done.stdout.rstrip().endswith("USED")
