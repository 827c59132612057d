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


def test_a_writer_that_fails_leaves_no_half_file(tmp_path: Path) -> None:
    target = tmp_path / "out.svg"
    target.write_text("old", "utf-8")

    def half(path: str) -> None:
        Path(path).write_text("ha", "utf-8")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(str(target), half, beside=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out.svg"]
    assert target.read_text("utf-8") == "old"

    def full(path: str) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(Refused, match="No space left"):
        write_whole(str(target), full, beside=True)
