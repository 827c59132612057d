"""What is wrong now: with the document, what the last verb said, and what was found in its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import structs

from guigrad.document.model import Document
from guigrad.document.problem import Problem

if TYPE_CHECKING:
    from guigrad.document.check import Checker

OPEN: Final = ("open", "unwired")
"""Kinds of the problem that an input has no wire, as the engine and parse tell it."""


class Said:
    """``verb`` is what the last verb said, ``found`` what run.findings found after it. Thread: the session's."""

    def __init__(self) -> None:
        self.verb: tuple[Problem, ...] = ()
        self.found: tuple[Problem, ...] = ()
        self._checked: tuple[Document, tuple[Problem, ...]] | None = None
        self._checker: Checker | None = None

    def problems(self, document: Document) -> tuple[Problem, ...]:
        """All of it, each once. Checking 10,000 nodes takes a while: ask late."""
        if self._checked is None or self._checked[0] is not document:
            if self._checker is None:
                from guigrad.document.check import Checker  # late: it reads the op table

                self._checker = Checker()  # what did not change is looked at once
            self._checked = (document, self._checker.check(document))
        told = {(problem.message, problem.node_id) for problem in self._checked[1]}  # these need not be said twice
        said = (p for p in self.verb if p.kind not in OPEN and (p.message, p.node_id) not in told)
        return tuple(dict.fromkeys((*map(_gentle, self._checked[1]), *self.found, *said)))


def _gentle(problem: Problem) -> Problem:
    """An input that nobody has wired yet is no error while somebody is at work: a hint says what is left to do."""
    return structs.replace(problem, severity="hint") if problem.kind in OPEN else problem
