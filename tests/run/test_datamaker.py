"""Data sets come from a process of their own, with progress, and a question that is taken back is never answered."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from guigrad.datasets.make import make
from guigrad.datasets.spec import Made
from guigrad.run.datamaker import DataMaker

SECONDS = 60


class Asked:
    def __init__(self) -> None:
        self.said: queue.SimpleQueue[tuple[int, tuple[Any, ...]]] = queue.SimpleQueue()
        self.maker = DataMaker(lambda number, answer: self.said.put((number, answer)))

    def answer(self, number: int) -> tuple[Any, ...]:
        while True:
            found, answer = self.said.get(timeout=SECONDS)
            if found == number and answer[0] != "progress":
                return answer


@pytest.fixture
def asked() -> Iterator[Asked]:
    one = Asked()
    yield one
    one.maker.close()


def test_it_makes_what_make_makes(asked: Asked) -> None:
    settings = {"n": 300, "seed": 4}
    said, fields = asked.answer(asked.maker.make("spirals", settings))
    assert said == "made"
    assert Made(*fields) == make("spirals", settings)


def test_it_looks_into_files(asked: Asked, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n")
    said, found = asked.answer(asked.maker.look(str(path), {"header": "auto"}))
    assert (said, found["columns"], found["rows"]) == ("looked", ("a", "b"), (("1", "2"),))


def test_what_is_wrong_is_an_answer_and_it_goes_on(asked: Asked, tmp_path: Path) -> None:
    for number in (
        asked.maker.make("moons", {"n": -1}),
        asked.maker.look(str(tmp_path / "no.npz"), {}),
        asked.maker.make("no", {}),
    ):
        said, problem = asked.answer(number) if number == asked.maker._number else ("problem", None)
        assert said == "problem"
    assert "no data set" in problem.message
    assert asked.answer(asked.maker.make("circles", {"n": 10}))[0] == "made"


def test_a_new_question_ends_the_old_one(asked: Asked, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("a,b\n" + "1,2.5\n" * 400_000)
    asked.maker.make("csv", {"path": str(path)})
    process = asked.maker._process
    number, answer = asked.said.get(timeout=SECONDS)
    assert answer[0] == "progress"
    asked.maker.cancel()
    assert process is not None
    assert process.wait(SECONDS) != 0
    number = asked.maker.make("moons", {"n": 10})
    assert asked.answer(number)[0] == "made"
