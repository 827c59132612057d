"""What a child does with a request that fails, without a process; tests/run has the processes."""

from __future__ import annotations

import pytest

from guigrad.document.problem import Problem
from guigrad.engine.child import handle, make_engine
from guigrad.engine.handler import Handler
from guigrad.engine.memory import available_bytes, refusal, resident_bytes, too_large, virtual_bytes
from guigrad.run.request import Look, Reply, Request


class Failing:
    """An engine that raises."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def handle(self, request: Request) -> Reply:
        raise self.error


def only(reply: Reply) -> Problem:
    (problem,) = reply.problems
    return problem


def test_engines_are_made_by_name() -> None:
    assert isinstance(make_engine("guigrad.engine.handler:Handler"), Handler)
    with pytest.raises(ImportError):
        make_engine("no_such_module:Engine")


def test_an_exception_of_the_engine_becomes_a_problem_with_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    reply = handle(Failing(LookupError("a fault")), Request(Look(), number=7))
    assert reply.number == 7
    assert (only(reply).kind, only(reply).error, only(reply).message) == ("engine", "LookupError", "a fault")
    assert "LookupError: a fault" in capsys.readouterr().err, "the whole trace is for the terminal"


def test_running_out_of_memory_is_a_problem_of_its_own_kind() -> None:
    assert only(handle(Failing(MemoryError()), Request(Look()))).kind == "memory"


def test_what_torch_says_about_memory_is_told_in_sizes() -> None:
    text = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000000000000 bytes. Error code 12"
    told = refusal("x", text)
    assert told is not None
    assert told.startswith("x needs 3,725.3 GiB of memory, and ")
    assert refusal("x", "CUDA out of memory. Tried to allocate 20.00 GiB.") is not None
    assert refusal("x", "not enough memory") is None
    assert too_large("", 1 << 30).startswith("This needs 1.0 GiB")


def test_the_machine_tells_its_memory() -> None:
    assert available_bytes() > 0
    if virtual_bytes():
        assert 0 < resident_bytes() <= virtual_bytes()
