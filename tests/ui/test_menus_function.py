"""Right clicks on the ports of functions: their order, and what a function gives back."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from guigrad.document.model import In, callee
from guigrad.source.parse.parser import parse
from guigrad.ui.canvas.facet import inlets
from guigrad.ui.main_window import MainWindow
from tests.ui.test_menus_canvas import all_actions, choose, menu_at

SOURCE = """import torch


def f(a, b):
    c = a - b
    d = a * b
    return c, d


x = torch.ones(2)
y = torch.tensor([2.0, 3.0])
p, q = f(x, y)
z = p + q
"""


def opened(window: MainWindow, folder: Path) -> str:
    """The script in the window; the id of its call."""
    (folder / "ports.py").write_text(SOURCE, "utf-8")
    assert window.session.open(folder / "ports.py")
    window.show_canvas()
    window.live._follow()
    return next(key for key, node in window.session.document.nodes.items() if callee(node))


def at_port(window: MainWindow, key: str, side: str, number: int) -> tuple[float, float]:
    scene = window.canvas.scene
    x, y = scene.port_point(scene.row[key], side, number)
    return float(x), float(y)


def code(window: MainWindow) -> str:
    window.live._follow()
    return window.code.view.toPlainText()


def test_ports_are_moved_on_the_call(lesson: MainWindow, tmp_path: Path) -> None:
    call = opened(lesson, tmp_path)
    x, y = lesson.session.document.nodes[call].args
    menu = menu_at(lesson, *at_port(lesson, call, "in", 0))
    assert not all_actions(menu)["Move a up"].isEnabled()
    choose(menu, "Move a down")
    assert lesson.session.document.nodes[call].args == (y, x)
    assert "def f(b, a):" in code(lesson)
    assert "p, q = f(y, x)" in code(lesson)
    lesson.session.undo()
    assert lesson.session.document.nodes[call].args == (x, y)


def test_a_result_is_removed_on_the_call(lesson: MainWindow, tmp_path: Path) -> None:
    call = opened(lesson, tmp_path)
    choose(menu_at(lesson, *at_port(lesson, call, "out", 0)), "Do not give back c")
    z = next(node for node in lesson.session.document.nodes.values() if node.name == "z")
    assert z.args == (In(), In(call))
    assert "q = f(x, y)" in code(lesson)


def test_ports_are_moved_and_removed_inside(lesson: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    call = opened(lesson, tmp_path)
    lesson.session.select([call])
    qtbot.keyClick(lesson.canvas, Qt.Key.Key_Return)
    lesson.live._follow()
    scene, nodes = lesson.canvas.scene, lesson.session.document.nodes
    b = next(key for key, node in nodes.items() if node.name == "b")
    choose(menu_at(lesson, float(scene.x[scene.row[b]]) + 60, float(scene.y[scene.row[b]]) + 12), "Move b up")
    assert "def f(b, a):" in code(lesson)
    result = scene.row[lesson.session.function]
    choose(menu_at(lesson, float(scene.x[result]) + 60, float(scene.y[result]) + 12), "Do not give back d")
    assert "    return c\n" in code(lesson)


def test_the_ports_of_a_function_are_those_of_this_document() -> None:
    for names in ("ab", "vw"):
        source = SOURCE.replace("def f(a, b)", f"def f({', '.join(names)})").replace("a - b", " - ".join(names))
        document = parse(source.replace("a * b", " * ".join(names)))
        call = next(node for node in document.nodes.values() if callee(node))
        assert [inlet.path for inlet in inlets(call)] == list(names)
