"""What is blanked is nowhere in a frame until it is guessed; guesses are torch's numbers, and counted."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json as wire

from guigrad.document import edit
from guigrad.document.encode import encode
from guigrad.document.file import read
from guigrad.document.names import labels
from guigrad.document.problem import ProblemError
from guigrad.document.store import Store
from guigrad.run.blanks import Blank
from guigrad.run.derivative import AskMatrix, AskProduct, Matrix, Product
from guigrad.run.exercise import KEPT_BACK, behind, blank
from guigrad.run.frame import Frame
from guigrad.run.request import Reply
from guigrad.run.runner import InlineRunner
from guigrad.run.tensor import AskTensor, Tensor
from guigrad.session import Session
from guigrad.source.parse.parser import parse

SCRIPT = """import torch

x = torch.tensor([1.5, -2.25, 3.125], requires_grad=True)
w = torch.tensor(0.71875, requires_grad=True)
y = w * x
same = y
z = y ** 2
loss = z.sum()
loss.backward()
g = x.grad
print(f"the gradient is {x.grad}")
"""


def _session(script: str = SCRIPT) -> Session:
    session = Session(Store(parse(script)), InlineRunner())
    session.run()
    return session


def _key(session: Session, label: str) -> str:
    return next(key for key, name in labels(session.document).items() if name == label)


def _blank(session: Session, label: str, what: str) -> Blank:
    assert session.edit(blank((_key(session, label),), what))
    return Blank(_key(session, label), what)


def _numbers(session: Session, label: str, what: str) -> list[float]:
    assert session.frame is not None
    record = behind(session.frame).records[_key(session, label)]
    data = record.value if what == "value" else record.grad or record.xray
    found: list[float] = data.numpy().reshape(-1).tolist()
    return found


def _text(frame: Frame) -> str:
    """All numbers of a frame, as text."""
    parts = [repr(record) for record in frame.records.values()]
    arrays = [r.value for r in frame.records.values()] + [r.grad for r in frame.records.values()]
    arrays += [r.xray for r in frame.records.values()] + list(frame.contributions.values())
    for event in frame.events:
        arrays += [*event.arrived, *(part.gradient for part in event.left)]
    for data in arrays:
        if hasattr(data, "numpy"):
            parts.append(str(data.numpy().reshape(-1).tolist()))
    return "\n".join(parts)


@pytest.mark.parametrize(
    ("label", "what"), [("x", "grad"), ("y", "value"), ("y", "grad"), ("z", "value"), ("w", "grad"), ("loss", "value")]
)
def test_what_is_blanked_is_nowhere_until_it_is_right(label: str, what: str) -> None:
    session = _session()
    numbers = _numbers(session, label, what)
    assert session.frame is not None
    assert str(numbers) in _text(session.frame)
    wanted = _blank(session, label, what)
    assert str(numbers) not in _text(session.frame)
    assert what in session.frame.records[wanted.node].hidden
    session.run()  # also not after the next verb
    assert str(numbers) not in _text(session.frame)
    assert session.exercise.guess(wanted, str([7.0] * len(numbers))) != ""
    assert str(numbers) not in _text(session.frame)
    assert session.exercise.guess(wanted, str(numbers)) == ""
    assert str(numbers) in _text(session.frame)
    assert session.frame.records[wanted.node].hidden == ()
    session.close()


def test_a_shape_hides_what_would_tell_it() -> None:
    session = _session()
    wanted = _blank(session, "z", "shape")
    assert session.frame is not None
    record = session.frame.records[wanted.node]
    assert (record.shape, record.value, record.xray) == (None, None, None)
    assert session.exercise.guess(wanted, "[4]") != ""
    assert session.exercise.guess(wanted, "3") == ""
    assert session.frame.records[wanted.node].shape == (3,)
    session.close()


def test_steps_and_their_tape_do_not_tell() -> None:
    session = _session()
    numbers = _numbers(session, "y", "grad")
    wanted = _blank(session, "y", "grad")
    session.stepper.to_end()
    steps = session.stepper.steps
    assert steps is not None
    assert steps.after is not None
    for number in range(len(steps) + 1):
        session.stepper.go(number)
        assert session.frame is not None
        assert str(numbers) not in _text(session.frame)
    assert str(numbers) not in _text(steps.after)
    told: list[Frame | None] = []
    assert session.exercise.guess(wanted, str(numbers)) == ""
    assert session.frame is not None
    assert str(numbers) in _text(session.frame)
    assert session.stepper.steps is session.stepper.cursor.steps if session.stepper.cursor else False
    session.stepper.leave()
    _blank(session, "x", "grad")
    gradient = _numbers(session, "x", "grad")
    session.stepper.recorded(told.append)
    assert told[0] is not None
    assert str(gradient) not in _text(told[0])
    session.close()


def test_prints_and_questions_do_not_tell() -> None:
    session = _session()
    printed: list[tuple[str, ...]] = []
    session.printed.connect(printed.append)
    wanted = _blank(session, "x", "grad")
    session.run()
    assert printed == [(KEPT_BACK,)]
    answers: list[Reply | None] = []
    session.ask(AskMatrix("loss", "x"), answers.append, "here")
    session.ask(AskProduct("loss", wanted.node, "loss"), answers.append, "here")
    session.ask(AskMatrix("loss", "w"), answers.append, "here")
    first, second, third = (reply.answer if reply is not None else None for reply in answers)
    assert isinstance(first, Matrix)
    assert first.values is None
    assert "predicted" in first.problems[0].message
    assert isinstance(second, Product)
    assert second.values is None
    assert isinstance(third, Matrix)
    assert third.full == (1, 1)
    answers.clear()
    session.ask(AskTensor(wanted.node, "grad"), answers.append, "here")
    session.ask(AskTensor(wanted.node), answers.append, "here")
    hidden, shown = (reply.answer if reply is not None else None for reply in answers)
    assert isinstance(hidden, Tensor)
    assert hidden.bits is None
    assert hidden.reason
    assert isinstance(shown, Tensor)
    assert shown.bits is not None
    session.exercise.reveal(wanted)
    session.run()
    assert "the gradient is tensor" in printed[-1][0]
    session.close()


def test_points() -> None:
    session = _session()
    first, second, third = (_blank(session, *pair) for pair in (("x", "grad"), ("y", "value"), ("loss", "value")))
    exercise = session.exercise
    assert exercise.score == (0, 3)
    assert exercise.guess(first, "what?").endswith(".")
    assert exercise.entries[0].tries == 0  # nothing was answered
    assert exercise.guess(first, "[1, 2, 3]") == "3 of 3 entries are not it."
    hint = exercise.hint(first)
    assert "upstream g" in hint
    assert exercise.hint(first) != hint
    assert exercise.guess(first, str(_numbers(session, "x", "grad"))) == ""
    assert exercise.guess(second, str(_numbers(session, "y", "value"))) == ""
    exercise.reveal(third)
    assert [entry.result for entry in exercise.entries] == ["right", "right", "revealed"]
    assert exercise.score == (0.25 + 1.0, 3)
    table = list(csv.reader(io.StringIO(exercise.to_csv())))
    assert table[0] == ["node", "what", "result", "points", "tries", "hints", "answer"]
    assert table[1][:6] == ["x", "grad", "right", "0.25", "2", "2"]
    data = json.loads(exercise.to_json())
    assert (data["points"], data["of"], len(data["blanks"])) == (1.25, 3, 3)
    exercise.restart()
    assert exercise.score == (0, 3)
    assert session.frame is not None
    assert session.frame.records[first.node].grad is None
    session.close()


def test_a_hint_does_not_tell_another_blank() -> None:
    session = _session()
    wanted = _blank(session, "y", "grad")
    _blank(session, "z", "grad")
    _blank(session, "y", "value")
    for _ in range(2):
        said = session.exercise.hint(wanted)
        assert "g = ?" in said
        assert f"{_numbers(session, 'y', 'value')[0]:.4g}" not in said
    session.close()


def test_before_a_run_nothing_is_wrong_or_right() -> None:
    session = Session(Store(parse(SCRIPT)), InlineRunner())
    wanted = _blank(session, "y", "value")
    assert "not been computed" in session.exercise.guess(wanted, "3")
    assert "not been computed" in session.exercise.hint(wanted)
    assert session.exercise.entries[0].tries == 0
    session.close()


def test_blanks_are_saved_undone_and_only_where_there_is_something_to_guess() -> None:
    session = _session()
    revision = session.frame.freshness if session.frame is not None else None
    wanted = _blank(session, "y", "value")
    assert session.frame is not None
    assert session.frame.freshness == revision  # nothing is computed anew for it
    again = read(encode(session.document, ""))
    assert again.settings.exercise == ((wanted.node, "value"),)
    session.undo()
    assert session.exercise.entries == ()
    assert session.frame.records[wanted.node].value is not None
    session.redo()
    assert session.frame.records[wanted.node].value is None
    assert session.edit(blank((wanted.node,), "value"))
    assert session.exercise.entries == ()
    with pytest.raises(ProblemError):
        blank((_key(session, "x"),), "value")(session.document)
    with pytest.raises(ProblemError):
        blank((), "grad")(session.document)
    _blank(session, "y", "grad")
    assert session.edit(edit.remove(_key(session, "y")))
    assert session.exercise.entries == ()
    assert session.frame is not None
    session.close()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
@settings(max_examples=40)
def test_a_broken_exercise_in_a_file_is_told(raw: object) -> None:
    document = json.loads(encode(parse(SCRIPT), ""))
    document["settings"] = {**document.get("settings", {}), "exercise": raw}
    found = read(wire.encode(document))
    assert len(found.nodes) == len(parse(SCRIPT).nodes)
    assert found.settings.exercise == ()


def test_inside_a_function_every_call_is_kept_back() -> None:
    session = _session(
        """import torch

def f(a):
    b = a * 3.5
    return b.sum()

x = torch.tensor([1.5, -2.25], requires_grad=True)
y = f(x)
loss = y + f(x * 2)
loss.backward()
"""
    )
    inner = next(node.id for node in session.document.nodes.values() if node.name == "b")
    assert session.edit(blank((inner,), "value"))
    assert session.frame is not None
    found = [record for key, record in session.frame.records.items() if key.endswith(f"/{inner}")]
    assert len(found) == 2
    assert all(record.value is None for record in found)
    assert session.exercise.guess(Blank(inner, "value"), "[5.25, -7.875]") == ""
    found = [record for key, record in session.frame.records.items() if key.endswith(f"/{inner}")]
    assert all(record.value is not None for record in found)
    session.close()
