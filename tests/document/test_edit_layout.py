"""A slider is a way to show a number: it is saved, copied and undone with the card, and changes no program."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guigrad.document import edit, file
from guigrad.document.edit_layout import slider_range
from guigrad.document.encode import encode
from guigrad.document.model import Document, View
from guigrad.document.problem import ProblemError
from guigrad.source.parse.parser import parse

TEXT = "import torch\n\nlr = 0.1\nw = torch.tensor(2.0, requires_grad=True)\nx = torch.tensor([1.0, 2.0])\ny = w * x * lr\n"


def after(document: Document, *edits: edit.Edit) -> Document:
    for each in edits:
        document = each(document).apply(document)
    return document


@pytest.mark.parametrize("name", ["lr", "w"])
def test_a_number_gets_a_slider_that_survives_saving_moving_and_folding(name: str) -> None:
    document = parse(TEXT)
    diff = edit.set_slider(name, (0, 2, 0.5))(document)
    assert diff.only_layout
    changed = diff.apply(document)
    key = next(node.id for node in document.nodes.values() if node.name == name)
    moved = after(
        changed, edit.move({key: (40.0, 50.0)}), edit.collapse([key]), edit.place_views({key: View(7.0, 8.0)})
    )
    assert moved.views[key] == View(7.0, 8.0, True, (0.0, 2.0, 0.5))
    assert file.read(encode(moved, "1")) == moved
    assert after(moved, edit.set_slider(name, None)).views[key].slider is None
    assert changed.canonical() == document.canonical()


@pytest.mark.parametrize("name", ["x", "y"])
def test_only_a_single_number_has_a_slider(name: str) -> None:
    with pytest.raises(ProblemError, match="no single number"):
        edit.set_slider(name, (0, 1, 0.1))(parse(TEXT))


@pytest.mark.parametrize(
    "bad", [(1, 1, 0.1), (2, 1, 0.1), (0, 1, 0), (0, 1, -1), (0, float("inf"), 1), (float("nan"), 1, 1)]
)
def test_a_range_that_is_none_is_refused(bad: tuple[float, float, float]) -> None:
    with pytest.raises(ProblemError, match="lower to a higher"):
        edit.set_slider("lr", bad)(parse(TEXT))


@pytest.mark.parametrize("bad", [[1, 0, 1], [0, 1, 0], [0, 1], "x", [0, 1, True], [0, 1, 1e400], None, [[0], 1, 1]])
def test_a_file_with_another_slider_opens_without_it(bad: object) -> None:
    record = json.loads(encode(after(parse(TEXT), edit.set_slider("lr", (0, 1, 0.1))), "1"))
    (key,) = [key for key, view in record["views"].items() if len(view) == 3]
    record["views"][key][2] = {"slider": bad}
    assert file.read(json.dumps(record).encode()).views[key].slider is None


@given(st.one_of(st.integers(-(10**12), 10**12), st.floats(-1e30, 1e30)))
def test_a_slider_begins_with_a_range_around_its_number(value: float) -> None:
    low, high, step = slider_range(value)
    assert low <= value <= high
    assert 0 < step < high - low
