"""What is known of a data set belongs to its leaves: it goes with them, comes back with them, is copied and saved with them."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from msgspec import structs

from guigrad.document import edit, file
from guigrad.document.array import ArrayData
from guigrad.document.diff import Diff
from guigrad.document.draft import Draft
from guigrad.document.edit_data import LEAVES
from guigrad.document.encode import encode
from guigrad.document.model import DataSet, Document, item_key
from guigrad.document.problem import ProblemError
from guigrad.document.scope import inside
from guigrad.run.sent import Sent
from guigrad.run.shared import Packer, Unpacker
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse

TEXT = """import torch

X_train = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
y_train = torch.tensor([0, 1])
X_test = torch.tensor([[1.0, 1.0]])
y_test = torch.tensor([1])
z = X_train.sum()
"""
SETTINGS = {"n": 3, "noise": 0.1, "seed": 0, "columns": ["a", "b"], "shuffle": True, "file": None}


def put(data: DataSet) -> edit.Edit:
    def apply(document: Document) -> Diff:
        draft = Draft(document)
        draft.put_dataset(data.id, data)
        return draft.diff("Describe the data")

    return apply


def ids(document: Document) -> dict[str, str]:
    return {node.name: key for key, node in document.nodes.items() if node.name}


@pytest.fixture
def document() -> Document:
    start = parse(TEXT)
    named = ids(start)
    data = DataSet("#90", "Moons", "moons", SETTINGS, *(named[n] for n in ("X_train", "y_train", "X_test", "y_test")))
    diff = put(data)(start)
    assert diff.only_layout
    assert bool(diff)
    return diff.apply(start)


def test_it_is_layout_and_is_saved(document: Document) -> None:
    data = encode(document, "1")
    assert file.read(data) == document
    assert not file.read(data).problems
    assert encode(file.read(data), "1") == data
    assert document != parse(TEXT)
    assert document.canonical() == parse(TEXT).canonical()
    assert document.datasets["#90"].leaves() == tuple(
        ids(document)[n] for n in ("X_train", "y_train", "X_test", "y_test")
    )


def test_a_file_without_data_sets_says_nothing_of_them() -> None:
    assert b"datasets" not in encode(parse(TEXT), "1")


def test_its_id_is_not_given_again(document: Document) -> None:
    assert next(Draft(file.read(encode(document, "1"))).ids) == "#91"
    assert next(Draft(document).ids) == "#91"


@pytest.mark.parametrize(
    ("name", "field"), [("y_train", "targets"), ("X_test", "test_inputs"), ("y_test", "test_targets")]
)
def test_a_leaf_that_is_deleted_is_let_go(document: Document, name: str, field: str) -> None:
    diff = edit.remove(name)(document)
    after = diff.apply(document)
    assert after.datasets["#90"] == structs.replace(document.datasets["#90"], **{field: None})
    assert diff.inverse().apply(after) == document
    assert file.read(encode(after, "1")) == after


def test_it_goes_with_its_inputs_and_comes_back(document: Document) -> None:
    diff = edit.remove("X_train")(document)
    assert not diff.apply(document).datasets
    assert diff.inverse().apply(diff.apply(document)) == document


def test_other_values_stay_the_data_set(document: Document) -> None:
    diff = edit.set_value("X_train", [[5.0, 5.0]])(document)
    assert diff.apply(document).datasets == document.datasets


def test_copies_are_data_sets_of_their_own(document: Document) -> None:
    named = ids(document)
    fragment = edit.copy(document, [named["X_train"], named["y_train"]])
    assert fragment.datasets["#90"].leaves() == (named["X_train"], named["y_train"])
    after = edit.paste(fragment)(document).apply(document)
    assert document.datasets["#90"] == after.datasets["#90"]
    (new,) = (data for key, data in after.datasets.items() if key != "#90")
    assert [after.nodes[key].name for key in new.leaves()] == ["X_train_2", "y_train_2"]
    assert new.settings == SETTINGS
    alone = edit.copy(document, [named["y_train"], named["z"]])
    assert not alone.datasets


def test_it_follows_its_leaves_into_a_function(document: Document) -> None:
    named = ids(document)
    keys = [named[name] for name in ("X_train", "y_train", "X_test", "y_test", "z")]
    after = edit.make_function(keys, "f")(document).apply(document)
    assert set(after.datasets) == {"#90"}
    (function,) = after.functions
    assert set(inside(after, function).datasets) == {"#90"}
    assert not inside(after, "").datasets


def test_it_crosses_to_the_engine(document: Document) -> None:
    head, blobs = Packer(Sent()).message(document)
    assert Unpacker().message(head, b"".join(blobs)) == document


@pytest.mark.parametrize(
    "bad",
    [None, 3, [], {}, {"inputs": "nobody"}, {"inputs": 4}, {"inputs": ["#1"]}, {"targets": "#1"}, {"inputs": None}],
)
def test_what_describes_nothing_is_left_out_with_a_word(document: Document, bad: Any) -> None:
    record = json.loads(encode(document, "1"))
    record["datasets"] = {"#90": bad}
    opened = file.read(json.dumps(record).encode())
    assert not opened.datasets
    assert "no leaf" in opened.problems[0].message
    assert opened.canonical() == document.canonical()


def test_bad_fields_are_left_out_and_the_rest_is_kept(document: Document) -> None:
    record = json.loads(encode(document, "1"))
    record["datasets"]["#90"] |= {"name": 3, "settings": [1], "y": 2, "test_inputs": [], "test_targets": "nobody"}
    data = file.read(json.dumps(record).encode()).datasets["#90"]
    named = ids(document)
    assert data == DataSet("#90", "", "moons", {}, named["X_train"], named["y_train"])


def floats(*rows: tuple[float, ...]) -> ArrayData:
    shape = (len(rows), len(rows[0]))
    return ArrayData("float32", shape, (shape[1], 1), struct.pack(f"<{shape[0] * shape[1]}f", *sum(rows, ())))


def classes(*values: int) -> ArrayData:
    return ArrayData("int64", (len(values),), (1,), struct.pack(f"<{len(values)}q", *values))


ARRAYS = {
    "X_train": floats((0.1, -0.0), (1e-40, 3e38), (-2.5, 7.0)),
    "y_train": classes(0, 1, 1),
    "X_test": floats((0.30000001, 0.5)),
    "y_test": classes(0),
}


def test_a_data_set_is_leaves_at_the_start_and_one_step() -> None:
    start = parse("import torch\n\ntorch.manual_seed(0)\nw = torch.randn(2)\ny_train = w * 2\n")
    diff = edit.add_data(ARRAYS, "Own", "csv", SETTINGS, (10, 20))(start)
    after = diff.apply(start)
    assert [after.nodes[item_key(item)].name for item in after.program] == [
        None, "X_train_2", "y_train_2", "X_test_2", "y_test_2", "w", "y_train",
    ]  # fmt: skip
    (data,) = after.datasets.values()
    assert (data.name, data.kind, data.settings) == ("Own", "csv", SETTINGS)
    assert data.leaves() == tuple(ids(after)[name + "_2"] for name in LEAVES)
    assert after.views[data.inputs].x == 10
    assert diff.inverse().apply(after) == start
    assert parse(emit(after)).canonical() == after.canonical()
    text = emit(after)
    assert "X_train_2 = torch.tensor([[0.1, -0.0], [1e-40, 3e+38], [-2.5, 7.0]])" in text
    assert "y_test_2 = torch.tensor([0])" in text


def test_many_numbers_and_unusual_ones_are_kept_as_bits() -> None:
    many = ArrayData("float32", (100, 3), (3, 1), struct.pack("<300f", *range(300)))
    for array in (many, floats((float("nan"), 1.0)), ArrayData("uint8", (2,), (1,), b"ab")):
        after = edit.add_data({"X_train": array})(Document()).apply(Document())
        (node,) = after.nodes.values()
        assert (node.op, node.args) == ("tensor.data", (array,))
        (data,) = after.datasets.values()
        assert data.leaves() == (node.id,)


def test_other_points_take_the_place_of_those_there() -> None:
    start = edit.add_data(ARRAYS, "Own", "csv")(Document()).apply(Document())
    (key,) = start.datasets
    other = {**ARRAYS, "X_train": floats((1.0, 2.0)), "y_train": classes(1)}
    diff = edit.replace_data(key, other, "Moons", "moons", {"n": 2})(start)
    after = diff.apply(start)
    assert after.nodes.keys() == start.nodes.keys()
    assert after.program == start.program
    assert after.datasets[key].settings == {"n": 2}
    assert after.datasets[key].leaves() == start.datasets[key].leaves()
    assert "X_train = torch.tensor([[1.0, 2.0]])" in emit(after)
    assert diff.inverse().apply(after) == start


def test_what_cannot_be_a_data_set_says_why() -> None:
    start = edit.add_data({"X_train": ARRAYS["X_train"]})(Document()).apply(Document())
    (key,) = start.datasets
    for bad, words in (
        (edit.add_data({}), "X_train"),
        (edit.add_data({"X_train": ARRAYS["X_train"], "z": ARRAYS["y_test"]}), "no leaf z"),
        (edit.add_data({"X_train": ArrayData("float32", (9, 9), (9, 1), b"")}), "X_train: "),
        (edit.replace_data("#99", ARRAYS), "gone"),
        (edit.replace_data(key, ARRAYS), "has no y_train"),
    ):
        with pytest.raises(ProblemError, match=words):
            bad(start)
