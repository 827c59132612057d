"""Tables: headings, delimiters, columns by name, and every bad cell told by its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guigrad.datasets.make import make
from guigrad.datasets.spec import Made
from guigrad.datasets.table import look
from guigrad.document.problem import ProblemError

PLAIN = {"test": 0.0, "shuffle": False}


@pytest.fixture
def table(tmp_path: Path) -> Any:
    def read(text: str | bytes, **settings: Any) -> Made:
        path = tmp_path / "my data.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return make("csv", {"path": str(path), **PLAIN, **settings})

    return read


def rows(made: Made, name: str) -> Any:
    return made.arrays[name].tolist()


def test_the_last_column_is_the_target_and_words_are_classes(table: Any) -> None:
    made = table("length,width,species\n1,2,setosa\n3,4,virginica\n5,6,setosa\n")
    assert made.columns == ("length", "width")
    assert made.classes == ("setosa", "virginica")
    assert rows(made, "X_train") == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    assert (rows(made, "y_train"), made.arrays["y_train"].dtype) == ([0, 1, 0], "int64")
    assert made.name == "my data"


@pytest.mark.parametrize(
    "text", ["a;b\n1;2.5\n3;4.5\n", "a\tb\n1\t2.5\n3\t4.5\n", "a b\n1  2.5\n 3 4.5\n", "a|b\n1|2.5\n3|4.5\n"]
)
def test_delimiters(table: Any, text: str) -> None:
    made = table(text, **({"delimiter": "|"} if "|" in text else {}))
    assert (rows(made, "X_train"), rows(made, "y_train")) == ([[1.0], [3.0]], [[2.5], [4.5]])


def test_no_heading_where_the_first_line_has_numbers(table: Any) -> None:
    made = table("5.1,3.5,setosa\n4.9,3.0,setosa\n6.0,2.9,other\n")
    assert made.columns == ("1", "2")
    assert len(rows(made, "X_train")) == 3
    assert len(rows(table("1,2\n3,4\n5,6\n", header="yes"), "X_train")) == 2
    assert table("1,2\n3,4\n5,6\n", header="no").columns == ("1",)


def test_columns_are_chosen_by_name_and_by_number(table: Any) -> None:
    text = "id,price,rooms,area\n1,100.5,2,30\n2,200.5,3,40\n"
    made = table(text, targets="price", inputs=["area", 3])
    assert made.columns == ("area", "rooms")
    assert (rows(made, "X_train"), rows(made, "y_train")) == ([[30.0, 2.0], [40.0, 3.0]], [[100.5], [200.5]])
    both = table(text, targets=["price", "area"], inputs="rooms")
    assert rows(both, "y_train") == [[100.5, 30.0], [200.5, 40.0]]
    assert set(table(text, targets=[]).arrays) == {"X_train"}


def test_whole_numbers_are_classes_or_numbers(table: Any) -> None:
    text = "x,y\n" + "".join(f"{n},{n % 3}\n" for n in range(30))
    assert table(text).classes == ("0", "1", "2")
    assert table(text, task="numbers").arrays["y_train"].dtype == "float32"
    counts = "x,y\n" + "".join(f"{n},{n}\n" for n in range(60))
    assert table(counts).arrays["y_train"].dtype == "float32"
    assert table("x,y\n1,10\n2,9\n3,10\n", task="classes").classes == ("9", "10")


@pytest.mark.parametrize(
    ("text", "settings", "words"),
    [
        ("a,b\n1,2\n3,x\nn/a,5\n6,7\n,8\n", {"task": "numbers"}, r"line 3: b: 'x' is no number \(and 2 more: lines 4, 6\)"),
        ("a,b\n1,2\n1,2,3\n", {}, "line 3: it has 3 cells, the first has 2"),
        ("a,b\n1,2\n1\n", {}, "line 3: it has 1 cells"),
        ("a,b\n1,2\nnan,4\ninf,4\n1e99,4\n", {}, r"line 3: a: 'nan' is no number \(and 2 more: lines 4, 5\)"),
        ("a,b\n1,\n", {}, "line 2: b: the cell is empty"),
        ("a,b\n1,2.5\n2,3.5\n3,n/a\n", {}, "line 4: b: 'n/a' is no number"),
        ("a,b\n", {}, "no row of numbers"), ("", {}, "empty"), ("\n\n  \n", {}, "empty"),
        ("a,b\n1,2\n", {"targets": "c"}, "no column 'c': there are a, b"), ("a,b\n1,2\n", {"targets": "7"}, "no column '7'"),
        ("a,b\n1,2\n", {"targets": ["a", "b"]}, "no column is left"), ("a,b\n1,2\n", {"inputs": ["b"]}, "an input and a target"),
        ("a,b\n1,x\n2,y\n", {"task": "numbers"}, "line 2: b: 'x' is no number"), (b"\x00\x01\x02\xff\xfe", {}, "no column is left"),
        ("a,b\n" + "".join(f"{n},name {n}\n" for n in range(60)), {}, "60 different targets of 60 points are no classes"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_line(table: Any, text: str, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        table(text, **settings)


def test_bad_rows_can_be_left_out(table: Any) -> None:
    made = table('a,b\n1,2\n"x\ny",5\n3,4\n5,6,7\n', bad="skip")
    assert rows(made, "X_train") == [[1.0], [3.0]]
    assert made.notes == ("left out line 4: a: 'x\\ny' is no number (and 1 more: line 6)",)
    with pytest.raises(ProblemError, match="line 2"):
        table("a,b\nx,y\n", bad="skip")


def test_only_so_many_rows(table: Any) -> None:
    text = "a,b\n" + "".join(f"{n},{n / 2}\n" for n in range(1000)) + "broken,\n"
    assert len(rows(table(text, limit=100), "X_train")) == 100


def test_text_of_other_encodings(table: Any) -> None:
    assert table("größe,art\n1,süß\n2,herb\n3,süß\n".encode("latin-1")).columns == ("größe",)
    assert table(b"\xef\xbb\xbfa,b\r\n1,2\r\n").columns == ("a",)


def test_the_start_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1,2\n" * 50)
    found = look(str(path))
    assert (found.names, found.heading, len(found.rows)) == (("a", "b"), True, 20)
