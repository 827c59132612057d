"""Layouts in a process of their own: results, cancelling, limits."""

from __future__ import annotations

import queue

import pytest

from guigrad.document.layered import PLAIN, Place, Task, arrange
from guigrad.run import arranger
from guigrad.run.arranger import Arranger

CHAIN = Task(((176.0, 112.0),) * 4, ((0, 60.0, 1, 60.0), (1, 60.0, 2, 60.0), (2, 60.0, 3, 60.0)))
ONE = Task(((176.0, 112.0),))

News = queue.SimpleQueue[tuple[int, list[Place] | None]]


def started(*tasks: Task) -> tuple[Arranger, News]:
    news: News = queue.SimpleQueue()
    return Arranger(tasks, lambda number, places: news.put((number, places))), news


def test_each_part_is_reported_and_then_the_end() -> None:
    worker, news = started(CHAIN, ONE, CHAIN)
    found = [news.get(timeout=120) for _ in range(4)]
    worker.join()
    assert found == [(0, arrange(CHAIN)), (1, [(0.0, 0.0)]), (2, arrange(CHAIN)), (-1, None)]


def test_cancelled_it_reports_the_end_alone() -> None:
    large = Task(((176.0, 112.0),) * 20_000, tuple((i // 2, 60.0, i, 60.0) for i in range(1, 20_000)))
    worker, news = started(large)
    worker.cancel()
    assert news.get(timeout=120) == (-1, None)
    worker.join()


def test_a_part_that_takes_too_long_is_laid_out_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arranger, "LIMITS", {"": 0.0, "quick": 0.0})
    worker, news = started(CHAIN)
    assert news.get(timeout=120) == (0, arrange(CHAIN, PLAIN))
    assert news.get(timeout=120) == (-1, None)
    worker.join()
