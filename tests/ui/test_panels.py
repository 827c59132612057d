"""Panels answer real keys and clicks, and show what they are given."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot

from guigrad.document.edit_mute import mute
from guigrad.document.model import Document, Eval, In, ListOf, Node, Sym
from guigrad.document.problem import Fix, Problem
from guigrad.ops.spec import OpSpec
from guigrad.run.frame import Frame, Record
from guigrad.ui.panels.code import CodePanel
from guigrad.ui.panels.inspector import InspectorPanel, Shown
from guigrad.ui.panels.messages import MessagesPanel
from guigrad.ui.panels.palette import MIME, ROW_ROLE, PalettePanel
from guigrad.ui.panels.problems import ProblemsPanel
from guigrad.ui.style import Look
from guigrad.ui.widgets.param_editor import ParamEditor
from guigrad.ui.widgets.parts import Link
from tests.ui.conftest import array

DOCUMENT = Document(
    nodes={
        "a": Node("a", "torch.tensor", (ListOf((1.0, 2.0)),), (("requires_grad", True),), "t1"),
        "b": Node("b", "operator.add", (In("a"), 2), (), "t2"),
        "c": Node("c", "torch.Tensor.mean", (In("b"),), (), "t4"),
    },
    program=(Eval("a"), Eval("b"), Eval("c")),
)


def frame(state: str = "fresh") -> Frame:
    grads = array([0.5, 0.5])
    records = {
        "a": Record(
            "a", "t1", "torch.tensor", state, "Tensor", array([1.0, 2.0]), grads, None, None, True, True, False, (2,),
            "float32", "cpu", 0, contributions=1,
        ),
        "b": Record(
            "b", "t2", "operator.add", state, "Tensor", array([3.0, 4.0]), None, grads, "AddBackward0", False, True,
            False, (2,), "float32", "cpu", 0, contributions=1,
        ),
    }  # fmt: skip
    labels = {"t1": "a", "t2": "b", "t4": "c"}
    return Frame(
        records=records, labels=labels, contributions={("t1", "t2", "self"): grads, ("t2", "t4", "self"): grads}
    )


def shown(node: str | None, label: str = "", problems: tuple[Problem, ...] = (), xray: bool = False) -> Shown:
    return Shown(DOCUMENT, frame(), node, 1 if node else 0, label, problems, xray, {"b": "t2 = t1 + 2"})


def texts(panel: InspectorPanel) -> str:
    QApplication.processEvents()  # new labels are shown by a posted event
    return "\n".join(label.text() for label in panel.findChildren(QLabel) if label.isVisibleTo(panel))


def test_palette_searches_and_adds_by_keyboard(qtbot: QtBot, look: Look) -> None:
    panel = PalettePanel(look)
    qtbot.addWidget(panel)
    panel.show()
    chosen: list[str] = []
    panel.op_chosen.connect(chosen.append)
    panel.field.setFocus()
    qtbot.keyClicks(panel.field, "matmul")
    qtbot.keyClick(panel.field, Qt.Key.Key_Down)
    current = panel.list.currentIndex()
    entry = current.data(ROW_ROLE)
    assert isinstance(entry, OpSpec)
    assert entry.key == "matmul"
    qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert chosen == [entry.targets[0]]
    mime = panel.model.mimeData([current])
    assert bytes(mime.data(MIME).data()).decode() == entry.targets[0]


def test_palette_says_when_nothing_answers(qtbot: QtBot, look: Look) -> None:
    panel = PalettePanel(look)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.keyClicks(panel.field, "zzqqxx")
    assert panel.empty.isVisible()
    qtbot.keyClick(panel.field, Qt.Key.Key_Escape)
    assert not panel.empty.isVisible()


def test_inspector_shows_a_leaf(qtbot: QtBot, look: Look) -> None:
    panel = InspectorPanel(look)
    qtbot.addWidget(panel)
    panel.resize(360, 900)
    panel.show()
    panel.show_node(shown("a", "t1"))
    words = texts(panel)
    words = words.replace("\u200b", "")
    for part in ("torch.Size([2])", "torch.float32", "leaf tensor", "HOW THIS GRADIENT CAME HERE", "t2 = t1 + 2"):
        assert part in words
    assert panel.value.model.data(panel.value.model.index(1, 0)) == "2."
    assert panel.grad.model.data(panel.grad.model.index(0, 0)) == "0.5"
    qtbot.mouseClick(panel.value.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "[1., 2.]"


def test_inspector_explains_a_missing_gradient(qtbot: QtBot, look: Look) -> None:
    panel = InspectorPanel(look)
    qtbot.addWidget(panel)
    panel.show()
    panel.show_node(shown("b", "t2"))
    assert "t2.grad is None" in texts(panel)
    buttons = {button.text(): button for button in panel.findChildren(Link)}
    qtbot.waitUntil(lambda: buttons["Show in x-ray"].height() > 10)
    with qtbot.waitSignal(panel.retain_asked) as blocker:
        qtbot.mouseClick(buttons["Turn on retain_grad()"], Qt.MouseButton.LeftButton)
    assert blocker.args == ["b"]
    with qtbot.waitSignal(panel.xray_asked):
        qtbot.mouseClick(buttons["Show in x-ray"], Qt.MouseButton.LeftButton)
    panel.show_node(shown("b", "t2", xray=True))
    assert panel.grad.array is not None


def test_inspector_renames(qtbot: QtBot, look: Look) -> None:
    panel = InspectorPanel(look)
    qtbot.addWidget(panel)
    panel.show()
    panel.show_node(shown("a", "t1"))
    panel.focus_name()
    with qtbot.waitSignal(panel.renamed) as blocker:
        qtbot.keyClicks(panel.name, "weights")
        qtbot.keyClick(panel.name, Qt.Key.Key_Return)
    assert blocker.args == ["a", "weights"]


def test_inspector_without_a_selection_says_what_to_do(qtbot: QtBot, look: Look) -> None:
    panel = InspectorPanel(look)
    qtbot.addWidget(panel)
    panel.show()
    panel.show_node(shown(None))
    assert "Select a node" in texts(panel)


def test_an_unfinished_tensor_is_explained_and_not_applied(qtbot: QtBot, look: Look) -> None:
    editor = ParamEditor(look, "data", "any", ListOf((1.0, 2.0)), None)
    qtbot.addWidget(editor)
    editor.show()
    got: list[object] = []
    editor.edited.connect(got.append)
    field = editor.field
    assert isinstance(field, QPlainTextEdit)
    field.selectAll()
    qtbot.keyClicks(field, "[1, 2,")
    assert "']' is missing" in editor.error.text()
    qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert got == []
    qtbot.keyClicks(field, "3]")
    qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert got == [ListOf((1, 2, 3))]
    assert editor.error.text() == ""


def test_a_dtype_is_chosen_from_a_list(qtbot: QtBot, look: Look) -> None:
    editor = ParamEditor(look, "dtype", "dtype?", None, None)
    qtbot.addWidget(editor)
    editor.show()
    field = editor.field
    assert isinstance(field, QComboBox)
    with qtbot.waitSignal(editor.edited) as blocker:
        field.setFocus()
        qtbot.keyClick(field, Qt.Key.Key_Down)
    assert blocker.args == [Sym("torch.float32")]


def test_wrong_kinds_are_refused(qtbot: QtBot, look: Look) -> None:
    for kind, typed, words in (
        ("int", "1.5", "whole number"),
        ("int[]", "(1, 2.5)", "whole numbers"),
        ("float", "'a'", "a number"),
    ):
        editor = ParamEditor(look, "p", kind, 1, None)
        qtbot.addWidget(editor)
        editor.show()
        field = editor.field
        assert isinstance(field, QLineEdit)
        field.selectAll()
        qtbot.keyClicks(field, typed)
        assert words in editor.error.text()


def test_problems_offer_their_fixes(qtbot: QtBot, look: Look) -> None:
    fix = Fix("Use v = ones", "wire_ones", ("t3",))
    panel = ProblemsPanel(look)
    qtbot.addWidget(panel)
    panel.show()
    problem = Problem("grad can be implicitly created only for scalar outputs", "autograd", "t3", "c", fixes=(fix,))
    panel.show_problems((problem,))
    assert panel.cards[0].message.text() == problem.message
    with qtbot.waitSignal(panel.fix_chosen) as blocker:
        qtbot.mouseClick(panel.cards[0].buttons[0], Qt.MouseButton.LeftButton)
    assert blocker.args == [fix]
    with qtbot.waitSignal(panel.chosen) as blocker:
        qtbot.mouseClick(panel.cards[0], Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert blocker.args == [problem]
    panel.show_problems(tuple(Problem(str(number)) for number in range(250)))
    assert len(panel.cards) == 100


def test_messages_keep_their_order(qtbot: QtBot, look: Look) -> None:
    panel = MessagesPanel(look)
    qtbot.addWidget(panel)
    panel.add("tensor([1.])", "print")
    panel.add("it failed", "error")
    assert panel.text() == "tensor([1.])\nit failed"
    panel.clear()
    assert panel.text() == ""


def test_a_line_of_code_and_its_node_find_each_other(qtbot: QtBot, look: Look) -> None:
    panel = CodePanel(look)
    qtbot.addWidget(panel)
    panel.resize(500, 300)
    panel.show()
    panel.show_code("import torch\n\nt1 = torch.ones(2)\nt2 = t1 + 2\n", {"a": 3, "b": 4})
    block = panel.view.document().findBlockByNumber(3)
    place = panel.view.blockBoundingGeometry(block).translated(panel.view.contentOffset()).center().toPoint()
    with qtbot.waitSignal(panel.nodes_chosen) as blocker:
        qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(20, place.y()))
    assert blocker.args == [("b",)]
    panel.mark(selected=frozenset({"a"}))
    assert len(panel.view.extraSelections()) == 1
    qtbot.mouseClick(panel.copy_button, Qt.MouseButton.LeftButton)
    assert "t2 = t1 + 2" in QGuiApplication.clipboard().text()


def test_only_changed_lines_are_written_anew(qtbot: QtBot, look: Look) -> None:
    panel = CodePanel(look)
    qtbot.addWidget(panel)
    first = "import torch\n\na = torch.ones(2)\nb = a + 2\nc = b * 3\n"
    for text in (
        first,
        first.replace("a + 2", "a + 7"),
        first.replace("b = a + 2\n", ""),
        "",
        first + "d = c\n",
        first,
    ):
        panel.show_code(text, {})
        assert panel.view.toPlainText() == text


def test_a_muted_node_tells_what_it_was(qtbot: QtBot, look: Look) -> None:
    panel = InspectorPanel(look)
    qtbot.addWidget(panel)
    muted = mute(("b",))(DOCUMENT).apply(DOCUMENT)
    panel.show_node(Shown(muted, frame(), "b", 1, "t2", (), False, {}))
    assert panel.kind.text() == "muted, its input is passed on · operator.add"
