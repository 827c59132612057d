"""Rows of data edited by hand: inputs and targets together, one undo step each, the other rows to the bit as they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import guigrad
from guigrad.document import edit
from guigrad.document.array import ArrayData
from guigrad.document.draft import Refused
from guigrad.document.model import Document
from guigrad.document.names import labels

SOURCE = """import torch
X = torch.tensor([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
y = torch.tensor([0, 1, 0])
z = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
r = torch.randn(3, 2)
s = X * 2
"""


def parsed() -> tuple[Document, dict[str, str]]:
    document = guigrad.parse(SOURCE)
    return document, {label: key for key, label in labels(document).items()}


def lines(document: Document) -> list[str]:
    return guigrad.emit(document).splitlines()[2:]


def test_moved_added_and_removed_with_its_target() -> None:
    document, ids = parsed()
    moved = edit.move_point(ids["X"], 1, [9.0, 8.5], {}, ids["y"], 0.0, "m")(document)
    assert moved.merge == "m"
    after = moved.apply(document)
    assert lines(after)[:2] == [
        "X = torch.tensor([[0.1, 0.2], [9.0, 8.5], [0.5, 0.6]])",
        "y = torch.tensor([0, 0, 0])",
    ]
    assert moved.inverse().apply(after) == document
    added = edit.add_point(ids["X"], [1.0, 2.0], {}, ids["y"], 1.0)(document).apply(document)
    assert lines(added)[:2] == [
        "X = torch.tensor([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6], [1.0, 2.0]])",
        "y = torch.tensor([0, 1, 0, 1])",
    ]
    gone = edit.remove_point(ids["X"], 0, {}, ids["y"])(document).apply(document)
    assert lines(gone)[:2] == ["X = torch.tensor([[0.3, 0.4], [0.5, 0.6]])", "y = torch.tensor([1, 0])"]


def test_one_hot_targets_stay_one_hot() -> None:
    document, ids = parsed()
    after = edit.add_point(ids["X"], [1.0, 2.0], {}, ids["z"], 1.0)(document).apply(document)
    assert lines(after)[2] == "z = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])"
    with pytest.raises(Refused, match="2 classes"):
        edit.add_point(ids["X"], [1.0, 2.0], {}, ids["z"], 2.0)(document)


def test_what_cannot_be_done_says_why() -> None:
    document, ids = parsed()
    assert edit.why_fixed(document, ids["X"]) == edit.why_fixed(document, ids["r"]) == ""
    assert "computed" in edit.why_fixed(document, ids["s"])
    with pytest.raises(Refused, match="not there any more"):
        edit.move_point(ids["X"], 3, [1.0, 2.0], {})(document)
    with pytest.raises(Refused, match="2 entries"):
        edit.add_point(ids["X"], [1.0], {})(document)
    with pytest.raises(Refused, match="run Forward first"):
        edit.remove_point(ids["r"], 0, {})(document)
    one = edit.set_value(ids["X"], [[1.0, 2.0]])(document).apply(document)
    with pytest.raises(Refused, match="last point"):
        edit.remove_point(ids["X"], 0, {})(one)


@given(st.lists(st.tuples(*[st.floats(width=32, allow_nan=False)] * 2), min_size=2, max_size=8), st.integers(0, 7))
def test_rows_of_an_array_keep_their_bits(rows: list[tuple[float, float]], row: int) -> None:
    document, ids = parsed()
    array = np.array(rows, dtype=np.float32)
    known = {ids["r"]: ArrayData("float32", array.shape, (2, 1), array.tobytes())}
    after = edit.remove_point(ids["r"], row % len(rows), known)(document).apply(document)
    node = after.nodes[ids["r"]]
    data = node.args[0]
    found = np.array(data.numpy() if isinstance(data, ArrayData) else eval_rows(lines(after)[3]), dtype=np.float32)
    assert found.tobytes() == np.delete(array, row % len(rows), axis=0).tobytes()


def eval_rows(line: str) -> list[list[float]]:
    document = guigrad.parse(f"import torch\n{line}\n")
    value = guigrad.Session(document).forward()["r"].value
    found: list[list[float]] = value.tolist()
    return found
