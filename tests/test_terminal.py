"""What the commands share."""

from __future__ import annotations

from pathlib import Path

import pytest

from guigrad.document.problem import Problem
from guigrad.terminal import Refused, distinct, report, write_whole


def test_report_names_line_or_node_and_tells_errors_from_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    warning = Problem("careful", severity="warning", error="UserWarning", node="t2")
    assert report([warning], "a.guigrad") == 0
    assert report([Problem("bad", line=3, column=7), Problem("no size", node="t1", error="RuntimeError")], "a.py") == 1
    assert capsys.readouterr().err.splitlines() == [
        "a.guigrad: t2: warning: UserWarning: careful",
        "a.py:3:7: bad",
        "a.py: t1: RuntimeError: no size",
    ]


def test_distinct_keeps_order() -> None:
    first, second = Problem("one"), Problem("two")
    assert distinct([first, second, first]) == (first, second)


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    def full(path: str) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(Refused, match=r"out\.svg: No space left"):
        write_whole(str(tmp_path / "out.svg"), full)
    with pytest.raises(Refused, match="is a directory"):
        write_whole(str(tmp_path), full)
    assert list(tmp_path.iterdir()) == []
