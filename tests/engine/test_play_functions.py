"""Values and gradients of scripts with functions are those of Python, bit for bit; also inside, and after their functions changed."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st

from guigrad.api import Session
from guigrad.document.draft import Refused
from guigrad.document.edit_calls import expand_call
from guigrad.document.edit_functions import make_function
from guigrad.document.follow import calls_of
from guigrad.document.model import item_key
from guigrad.document.scope import inside
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse
from tests.play import play_here
from tests.scripts import END, scripts


def played(source: str) -> tuple[str, dict[str, Any]]:
    """What Python prints for a script, and its names afterwards."""
    out, names = io.StringIO(), {}
    with contextlib.redirect_stdout(out):
        exec(compile(source, "<script>", "exec"), names)
    return out.getvalue(), names


def same(mine: torch.Tensor | None, its: torch.Tensor | None) -> bool:
    if mine is None or its is None:
        return mine is its
    return mine.dtype == its.dtype and mine.shape == its.shape and mine.tolist() == its.tolist()


@given(scripts())
def test_run_computes_what_python_computes(source: str) -> None:
    printed, names = played(source)
    session = Session(parse(source))
    result = session.run()
    assert result.problems == ()
    assert "".join(result.prints) == printed
    for name in ("a", "w"):
        assert same(session.tensor(name), names[name])
        assert same(session.grad(name), names[name].grad)


@given(scripts(loops=False))  # forward plays the body of a loop once
def test_forward_and_backward_give_the_same_gradients(source: str) -> None:
    silent = source.removesuffix(END)
    _, names = played(silent)
    names["root"].backward()
    session = Session(parse(silent))
    session.forward()
    frame = session.backward("root")
    assert [p for p in frame.problems if p.severity == "error"] == []
    assert same(session.tensor("root"), names["root"])
    for name in ("a", "w"):
        assert same(session.grad(name), names[name].grad)


@given(scripts(), st.data())
def test_making_and_expanding_functions_keeps_what_is_printed(source: str, data: st.DataObject) -> None:
    document = parse(source)
    (plain,) = play_here([source])
    for _ in range(2):
        body = document.program
        low = data.draw(st.integers(0, len(body) - 1))
        high = data.draw(st.integers(low, len(body) - 1))
        with contextlib.suppress(Refused):
            document = make_function([item_key(item) for item in body[low : high + 1]])(document).apply(document)
    assert play_here([emit(document)]) == [plain]
    while True:
        calls = [call for key in document.functions for call in calls_of(document, key)]
        calls = [call for call in calls if call in inside(document, "").nodes]
        if not calls:
            break
        document = expand_call(data.draw(st.sampled_from(calls)))(document).apply(document)
    assert play_here([emit(document)]) == [plain]
