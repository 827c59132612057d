"""The mistake lab: each failure is torch's own or found in its values, and its first fix mends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guigrad.document.problem import Problem
from guigrad.document.store import Store
from guigrad.files.load import load
from guigrad.lessons.index import Lesson, find, functions, lessons, mistakes
from guigrad.run.findings import findings
from guigrad.run.runner import InlineRunner
from guigrad.session import Session
from guigrad.source.emit import emit
from tests.golden.lessons import build
from tests.plain import Outcome, python

PINNED = {
    "01-non-leaf-grad": "y", "02-non-scalar-backward": "backward", "03-second-backward": "backward_2",
    "04-wrong-shape-v": "backward", "05-in-place-on-saved": "y", "06-in-place-on-leaf": "w",
    "07-integer-requires-grad": "x", "08-detach-cut": "h", "09-no-grad-cut": "h", "10-forgotten-zero-grad": "w@1",
    "11-device-mismatch": "y", "12-shape-mismatch": "y", "13-dead-relu": "a", "14-saturated-sigmoid": "p",
    "15-exploding-product": "W", "16-nan-birth": "root", "17-unused-parameter": "b", "18-argmax": "place", "18-round": "whole",
}  # fmt: skip
SAID_BY_TORCH = {name for name in PINNED if name[:2] in ("01", "02", "03", "04", "05", "06", "07", "11", "12")} | {
    "18-argmax"
}


def _played(path: Path) -> Session:
    session = Session(Store(load(path)), InlineRunner())
    session.run()
    return session


def _found(session: Session) -> tuple[Problem, ...]:
    assert session.frame is not None
    wrong = tuple(problem for problem in session.problems if problem.severity in ("error", "warning"))
    return (*findings(session.document, session.frame), *wrong)


@pytest.fixture(scope="module")
def plain() -> Iterator[Callable[[Path], Outcome]]:
    """Scripts as Python itself runs them."""
    with python() as run:
        yield run


def test_there_is_one_for_each_failure() -> None:
    assert [lesson.name for lesson in mistakes()] == sorted(PINNED)
    assert all(lesson.title and len(lesson.about) > 60 for lesson in mistakes())
    assert find("16-nan-birth") == mistakes()[15].path


@pytest.mark.parametrize("lesson", functions(), ids=lambda lesson: lesson.name)
def test_a_test_function_is_what_its_script_gives_and_trains(lesson: Lesson) -> None:
    document = load(lesson.path)
    assert document == build.build_function(lesson.name)
    assert len(document.settings.landscape) == 6
    assert find(lesson.name) == lesson.path
    session = Session(Store(document), InlineRunner())
    session.coach.train(60)
    losses = session.coach.recording["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("lesson", mistakes(), ids=lambda lesson: lesson.name)
def test_the_file_is_what_its_script_gives(lesson: Lesson) -> None:
    assert load(lesson.path) == build.build_mistake(lesson.name)


@pytest.mark.parametrize("lesson", mistakes(), ids=lambda lesson: lesson.name)
def test_the_failure_is_pinned_and_the_first_fix_mends_it(
    lesson: Lesson, tmp_path: Path, plain: Callable[[Path], Outcome]
) -> None:
    session = _played(lesson.path)
    found = _found(session)
    assert found[0].node == PINNED[lesson.name]
    assert found[0].why
    assert found[0].node_id in session.document.nodes
    before = emit(session.document)
    script = tmp_path / "script.py"
    script.write_text(before, "utf-8")
    status, _, told = plain(script)
    if lesson.name in SAID_BY_TORCH:
        said = next(problem for problem in found if problem.error)
        if lesson.name == "01-non-leaf-grad":
            assert status == 0
            assert f"{said.error}: {said.message}" in told
        else:
            assert told.rstrip().endswith(f"{said.error}: {said.message}")
    else:
        assert status == 0, told
        assert all(problem.kind == "finding" for problem in found)
    assert session.apply_fix(found[0].fixes[0])
    after = emit(session.document)
    assert after != before
    assert _found(session) == ()
    script.write_text(after, "utf-8")
    status, _, told = plain(script)
    assert (status, told) == (0, "")
    session.undo()
    assert emit(session.document) == before
    assert [problem.message for problem in _found(session)] == [problem.message for problem in found]
    session.close()


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.name)
def test_nothing_is_found_in_the_other_lessons(lesson: Lesson) -> None:
    session = _played(lesson.path)
    assert session.frame is not None
    found = findings(session.document, session.frame)
    wrong = ["weights.grad holds more"] if lesson.name == "autograd-9-without-zero" else []  # it is about just that
    assert [problem.message[:23] for problem in found] == wrong
    session.reset()
    session.forward()
    session.backward()
    assert findings(session.document, session.frame) == ()
    session.close()
