"""What a card says: numbers, cells, reasons, pills."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from guigrad.document.array import ArrayData
from guigrad.document.model import In, Node
from guigrad.run.frame import Record, Stats
from guigrad.ui.canvas.content import arrange, array_part, chip_text, content, elements, number
from guigrad.ui.canvas.facet import facet
from guigrad.ui.heat import levels
from tests.ui.canvas.samples import T1, data, lesson, lesson_frame

NODE = Node("a", "torch.exp", (In("x"),), (), "a")


def tensor(value: object, **more: object) -> Record:
    array = np.asarray(value)
    fields: dict[str, object] = {"requires_grad": False, "is_leaf": False, **more}
    return Record(
        "a", "a", "torch.exp", "fresh", "Tensor", data(array), shape=array.shape, dtype=str(array.dtype), **fields  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7.53437, "7.534"), (2.0, "2.000"), (-0.02096, "-0.02096"), (123456.0, "1.235e+05"), (1234.4, "1234"), (0.0, "0.000"),
        (math.nan, "nan"), (-math.inf, "-inf"), (5, "5"), (True, "True"), (10**40, "1.000e+40"), (1 + 2j, "1.00+2.00j"),
        (1e-30, "1.000e-30"),
    ],
)  # fmt: skip
def test_numbers_have_four_significant_digits(value: object, text: str) -> None:
    assert number(value) == text


def test_nothing_has_run() -> None:
    shown = content(facet(NODE), None)
    assert shown.value.reason == shown.grad.reason == "not run yet"
    assert content(facet(NODE), Record("a", "a", "op")).value.reason == "not run yet"


def test_why_there_is_no_gradient() -> None:
    face = facet(NODE)
    assert content(face, tensor(T1)).grad.reason == "no grad"
    assert content(face, tensor(T1, requires_grad=True)).grad.reason == "None · not a leaf"
    assert content(face, tensor(T1, requires_grad=True, is_leaf=True)).grad.reason == "None · no backward"
    failed = content(face, Record("a", "a", "op", "failed"))
    assert failed.failed
    assert failed.value.reason == "failed"


def test_the_lesson() -> None:
    document, frame = lesson(), lesson_frame()
    shown = {key: content(facet(document.nodes[key]), frame.records[key], key == "t4") for key in frame.records}
    assert shown["t4"].value.text == "7.534"
    assert shown["t4"].pill == ("root", "loss")
    assert shown["t1"].pill == ("leaf ▽", "leaf")
    assert shown["t3"].pill == ("retain", "op")
    assert shown["two"].pill == ("const", "leaf")
    assert shown["t2"].grad.reason == "None · not a leaf"
    assert shown["sq"].xray
    assert shown["sq"].grad.cells is not None
    assert shown["t1"].foot == "[5] f32"
    assert shown["t2"].grad_fn == "AddBackward0"


def test_a_gradient_that_torch_keeps_wins_over_x_ray() -> None:
    shown = content(facet(NODE), tensor(T1, requires_grad=True, grad=data(T1), xray=data(2 * T1)))
    assert not shown.xray


def test_large_tensors_are_sampled_small_ones_shown_whole() -> None:
    assert arrange(np.arange(5)).shape == (1, 5)
    assert arrange(np.arange(32)).shape == (2, 16)
    assert arrange(np.arange(61)).shape == (1, 61)
    assert arrange(np.ones((3, 4))).shape == (3, 4)
    assert arrange(np.ones((2, 3, 4))).shape == (6, 4)
    assert arrange(np.ones((64, 1))).size == 64
    rows, columns = arrange(np.ones((1000, 777))).shape
    assert rows <= 16
    assert columns <= 40
    assert arrange(np.arange(10**6)).size <= 80
    corners = arrange(np.arange(10_000).reshape(100, 100))
    assert corners[0, 0] == 0
    assert corners[-1, -1] == 9999


@given(npst.arrays(np.float64, npst.array_shapes(max_dims=2, max_side=8), elements=st.floats(width=32)))
def test_levels_keep_sign_zero_and_order(values: np.ndarray) -> None:
    found = levels(values).astype(int)
    finite = np.isfinite(values)
    assert (found[~finite] == 255).all()
    assert (found[finite] < 255).all()
    assert (found[finite & (values == 0)] == 127).all()
    assert (found[finite & (values > 0)] >= 127).all()
    assert (found[finite & (values < 0)] <= 127).all()
    order = np.argsort(values[finite])
    assert (np.diff(found[finite][order]) >= 0).all()


def test_levels_of_odd_kinds() -> None:
    assert levels(np.array([True, False])).tolist() == [254, 127]
    assert levels(np.array([3 + 4j, 0])).tolist() == [254, 127]
    assert levels(np.array([], np.float32)).tolist() == []
    assert levels(np.array([-(2**63)], np.int64)).tolist() == [0]
    assert levels(np.array([1e-320, -1e-320])).tolist()[0] >= 127
    assert levels(np.array([1e308, -1e308])).tolist() == [254, 0]
    assert levels(np.array([2.0, -9.0, 0.0]), 1.0).tolist() == [254, 0, 127]


def test_storage_that_is_not_in_order_is_read_rightly() -> None:
    base = np.arange(12, dtype=np.float32)
    turned = ArrayData("float32", (4, 3), (1, 4), base.tobytes())
    found = elements(turned)
    assert found is not None
    assert found.tolist() == base.reshape(3, 4).T.tolist()
    part = ArrayData("float32", (2,), (2,), base.tobytes(), 1)
    found = elements(part)
    assert found is not None
    assert found.tolist() == [1.0, 3.0]
    wide = ArrayData("float32", (3,), (0,), base[:1].tobytes())
    found = elements(wide)
    assert found is not None
    assert found.tolist() == [0.0, 0.0, 0.0]


def test_kinds_without_numpy_type_are_named() -> None:
    assert array_part(ArrayData("qint8", (2,), (1,), b"ab")).text == "qint8"
    assert array_part(ArrayData("bfloat16", (1,), (1,), b"\x80\x3f")).text == "1.000"
    assert array_part(ArrayData("float32", (0, 3), (3, 1), b"")).text == "empty"


def test_statistics_of_what_was_not_sent() -> None:
    record = Record("a", "a", "op", "fresh", "Tensor", shape=(9999,), dtype="float32", stats=Stats(-1.0, 0.0, 2.5))
    assert content(facet(NODE), record).value.text == "-1.00 … 2.50"


def test_chips() -> None:
    assert chip_text(data(np.float32(0.2))) == "0.2"
    assert chip_text(data(np.full(5, 0.2, np.float32))) == "0.2 each"
    assert chip_text(data(np.array([-1.0, 2.0]))) == "-1 … 2"
    assert chip_text(data(np.array([], np.float32))) == ""
    assert chip_text(data(np.array([math.nan, 1.0]))) != ""
