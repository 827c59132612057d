"""Scripts that Python runs have no problems, and a file keeps all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from guigrad.document import file
from guigrad.document.check import check
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
SCRIPTS = sorted([*GOLDEN.glob("scripts/*.py"), *GOLDEN.glob("lessons/autograd*.py")])


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_sound_scripts_have_no_problems(path: Path) -> None:
    document = parse(path.read_text("utf-8"))
    assert not document.problems
    assert [f"{problem.node}: {problem.message}" for problem in check(document)] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_file_keeps_the_whole_program(path: Path, tmp_path: Path) -> None:
    document = parse(path.read_text("utf-8"))
    target = tmp_path / "saved.guigrad"
    file.save(document, target)
    again = file.read(target.read_bytes())
    assert not again.problems
    assert again.canonical() == document.canonical()
    assert emit(again) == emit(document)
