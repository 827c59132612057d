"""A muted node passes its first tensor on, in the run and in the code, and can be what it was again."""

from __future__ import annotations

import pytest

from guigrad.document import edit, file
from guigrad.document.edit_mute import is_muted
from guigrad.document.encode import encode
from guigrad.document.model import Document, Effect, Eval, In, Note, View, walk
from guigrad.document.problem import ProblemError
from guigrad.document.store import Store
from guigrad.run.runner import InlineRunner
from guigrad.session import Session
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse

TEXT = "import torch\n\nx = torch.tensor([1.0, 2.0])\ny = x + 1\nz = 2 * y**2\nz += x\nv, i = z.max(0)\nn = z.numel()\n"


def node(document: Document, name: str) -> str:
    return next(key for key, each in reversed(tuple(document.nodes.items())) if each.name == name)


def after(document: Document, *edits: edit.Edit) -> Document:
    for each in edits:
        document = each(document).apply(document)
    return document


def test_the_code_and_the_values_are_those_without_it() -> None:
    document = parse(TEXT)
    muted = after(document, edit.mute(["y"]))
    assert "y = x\n" in emit(muted)
    assert parse(emit(muted)).canonical() == muted.canonical()
    session = Session(Store(muted), InlineRunner())
    session.run()
    assert session.frame is not None
    records = session.frame.records
    assert records[node(muted, "n")].value == 2
    z = records[next(k for k, n in muted.nodes.items() if n.op == "operator.mul")]
    assert z.value.tolist() == [3.0, 10.0]  # 2 * x**2, then x was added in place
    session.close()


def test_muting_twice_gives_everything_back() -> None:
    document = parse(TEXT)
    for key in ("y", next(key for key, each in document.nodes.items() if each.op == "operator.pow")):
        muted = after(document, edit.mute([key]))
        back = after(muted, edit.mute([key]))
        assert back.canonical() == document.canonical()
        assert not any(view.muted for view in back.views.values())
        assert edit.mute([key])(document).inverse().apply(muted) == document


def test_an_in_place_change_that_is_muted_does_nothing() -> None:
    document = parse(TEXT)
    key = node(document, "z")
    muted = after(document, edit.mute([key]))
    assert Eval(key) in list(walk(muted.program))
    back = after(muted, edit.mute([key]))
    assert Effect(key) in list(walk(back.program))
    assert back.canonical() == document.canonical()


@pytest.mark.parametrize(
    ("name", "why"), [("x", "no wire"), ("v", "not give one tensor"), ("n", "not give one tensor")]
)
def test_what_has_nothing_to_pass_on_is_refused(name: str, why: str) -> None:
    document = parse(TEXT)
    key = next(key for key, each in document.nodes.items() if each.name == name or name in each.outputs)
    with pytest.raises(ProblemError, match=why):
        edit.mute([key])(document)


def test_it_is_saved_and_copied() -> None:
    document = after(parse(TEXT), edit.mute(["y"]))
    again = file.read(encode(document, "1"))
    assert again == document
    assert is_muted(again, node(again, "y"))
    pasted = edit.paste(edit.copy(document, ["x", "y"]))(Document()).apply(Document())
    assert "y = x + 1\n" in emit(after(pasted, edit.mute(["y"])))


def test_wires_that_went_meanwhile_are_open_ends() -> None:
    document = parse("import torch\n\nx = torch.ones(2)\nw = torch.ones(2)\ny = x + w\n")
    gone = after(document, edit.mute(["y"]), edit.remove("w"), edit.mute(["y"]))
    assert gone.nodes[node(gone, "y")].args == (In(node(gone, "x")), In())
    saved = encode(after(document, edit.mute(["y"]), edit.remove("w")), "1")
    view = file.read(saved).views[node(document, "y")]
    assert view.muted is not None
    assert view.muted.args[1] == In()


def test_another_input_given_while_muted_stays() -> None:
    document = parse("import torch\n\nx = torch.ones(2)\nw = torch.ones(2)\ny = x.exp()\n")
    muted = after(document, edit.mute(["y"]))
    moved = after(muted, edit.connect("w", 0, "y", "value"))
    assert emit(after(moved, edit.mute(["y"]))).endswith("y = w.exp()\n")


def test_a_node_that_became_another_is_not_muted_any_more() -> None:
    document = after(parse(TEXT), edit.mute(["y"]))
    key = node(document, "y")
    changed = after(document, edit.change_op(key, "torch.exp"))
    assert changed.views[key].muted is None


def test_notes_point_at_nodes_as_long_as_they_are_there() -> None:
    document = after(parse(TEXT), edit.add_note("see"))
    note = next(iter(document.notes))
    key = node(document, "y")
    pointing = after(document, edit.edit_frame(note, arrows=(key,)))
    assert pointing.notes[note].arrows == (key,)
    assert file.read(encode(pointing, "1")) == pointing
    diff = edit.remove(key)(pointing)
    assert diff.apply(pointing).notes[note].arrows == ()
    assert diff.inverse().apply(diff.apply(pointing)) == pointing
    both = edit.paste(edit.copy(pointing, ["x", "y", note]))(pointing).apply(pointing)
    (new,) = (each for each in both.notes.values() if each.id != note)
    assert isinstance(new, Note)
    assert len(new.arrows) == 1
    assert new.arrows[0] not in pointing.nodes


def test_moving_keeps_what_a_view_says() -> None:
    document = after(parse(TEXT), edit.mute(["y"]))
    key = node(document, "y")
    moved = after(document, edit.move({key: (3, 4)}), edit.collapse([key]))
    assert isinstance(moved.views[key], View)
    assert moved.views[key].muted == document.views[key].muted


def test_what_a_muted_node_was_lets_go_of_nodes_that_are_gone() -> None:
    document = parse("import torch\nx = torch.ones(2)\nn = torch.zeros(2)\ny = x * n\nz = y + 1\n")
    keys = {node.name: key for key, node in document.nodes.items()}
    muted = after(document, edit.mute([keys["y"]]))
    cut = after(muted, edit.remove(keys["n"]))
    was = cut.views[keys["y"]].muted
    assert was is not None
    assert was.args == (In(keys["x"]), In())
    assert encode(file.read(encode(cut, "")), "") == encode(cut, "")
    assert edit.remove(keys["n"])(muted).inverse().apply(cut) == muted
