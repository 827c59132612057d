"""Frames as text and as JSON."""

from __future__ import annotations

import json
import struct

import pytest

from guigrad.api import Session
from guigrad.document.array import ArrayData
from guigrad.document.model import Document, Eval
from guigrad.document.problem import Fix, Problem
from guigrad.run.frame import Frame, Record, Stats
from guigrad.run.report import as_json, number_text, table, value_text
from guigrad.source.parse.parser import parse


def floats(*values: float) -> ArrayData:
    return ArrayData("float32", (len(values),), (1,), struct.pack(f"<{len(values)}f", *values))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7.53437, "7.5344"), (-0.0, "-0.0000"), (1e-9, "1.0000e-09"), (123456789.0, "1.2346e+08"), (3, "3"), (True, "True"),
        (float("nan"), "nan"), (float("-inf"), "-inf"), (1 - 2.5j, "1.0000-2.5000j"), (complex(0, -0.0), "0.0000-0.0000j"),
    ],
)  # fmt: skip
def test_number_text(value: object, text: str) -> None:
    assert number_text(value) == text


def test_long_rows_are_shortened() -> None:
    assert value_text(floats(*range(20))) == "[0.0000, 1.0000, 2.0000, …, 17.0000, 18.0000, 19.0000]"
    assert value_text(floats()) == "[]"
    assert value_text((floats(1.0), 2)) == "([1.0000], 2)"
    assert value_text(ArrayData("bfloat16", (), (), b"\xc0\x3f")) == "1.5000"
    assert value_text(ArrayData("quint8", (1,), (1,), b"\x01")) == "<quint8>"
    transposed = ArrayData("int64", (2, 2), (1, 2), struct.pack("<4q", 1, 2, 3, 4))
    assert value_text(transposed) == "[[1, 3], [2, 4]]"
    assert len(value_text("x" * 500)) == 60


def test_table_and_json() -> None:
    leaf = Record(
        "n1", "x", "torch.tensor", "fresh", "Tensor", floats(1, 2), floats(0.5, float("nan")), is_leaf=True, shape=(2,)
    )
    idle = Record("n2", "y", "operator.add")
    large = Record("n3", "z", "torch.ones", "fresh", "Tensor", shape=(9999,), is_leaf=True, stats=Stats(0.0, 0.5, 1.0))
    wire = {("x", "y", "self"): floats(1, 1)}
    problem = Problem("wrong", node="y", line=3, fixes=(Fix("Mend it", "remove"),))
    frame = Frame(
        records={"n1": leaf, "n2": idle, "n3": large}, labels={"x": "n1", "y": "n2", "z": "n3"},
        contributions=wire, order=("y", "x"), problems=(problem,),
    )  # fmt: skip
    lines = table(frame, Document(program=(Eval("n1"), Eval("n2"), Eval("n3")))).splitlines()
    assert lines[2].split("  ")[0] == "x"
    assert "not run" in lines[3]
    assert "min 0.0000 mean 0.5000 max 1.0000" in lines[4]

    data = json.loads(json.dumps(as_json(frame)))
    assert data["nodes"]["x"]["value"] == [1, 2]
    assert data["nodes"]["x"]["grad"][1] != data["nodes"]["x"]["grad"][1]
    assert data["nodes"]["y"]["state"] == "not run"
    assert data["nodes"]["z"]["stats"]["mean"] == 0.5
    assert data["contributions"] == [{"source": "x", "target": "y", "port": "self", "value": [1, 1]}]
    assert data["order"] == ["y", "x"]
    assert data["problems"][0]["fixes"] == ["Mend it"]


def test_nodes_of_functions_are_listed_once_where_they_run() -> None:
    source = "import torch\ndef f(x):\n    y = x * 2\n    return y\nt = torch.ones(2)\na = f(t)\nb = f(a)\n"
    document = parse(source)
    session = Session(document)
    frame = session.forward()
    rows = [line.split()[0] for line in table(frame, document).splitlines()[2:]]
    assert rows == ["t", "f/x", "f/y", "a", "f_2/x", "f_2/y", "b"]
