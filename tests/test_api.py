"""The public Python interface."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch

import guigrad
from guigrad.engine.values import tensor_of

LESSON = """
import torch
t1 = torch.tensor([0.7659, -2.0262, -1.4139, 1.1822, -1.1543], requires_grad=True)
t2 = t1 + 2
t3 = 2 * t2**2
t4 = t3.mean()
"""


def test_importing_brings_nothing_but_itself(repository: Path) -> None:
    code = (
        "import sys; before = set(sys.modules); import guigrad; "
        "print({name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=repository, check=True)
    assert done.stdout.strip() == "{'guigrad'}"


def test_the_lesson() -> None:
    s = guigrad.Session(guigrad.parse(LESSON))
    frame = s.forward()
    assert {frame[name].grad for name in ("t1", "t2", "t3", "t4")} == {None}
    assert frame["t4"].value.item() == pytest.approx(7.5344, abs=1e-4)
    frame = s.backward("t4")
    assert frame["t1"].grad is not None
    assert frame["t1"].grad.tolist() == pytest.approx([2.2127, -0.0210, 0.4688, 2.5458, 0.6766], abs=1e-4)
    assert frame["t2"].grad is None
    assert frame["t2"].xray is not None
    assert [frame[name].grad_fn for name in ("t1", "t2", "t3", "t4")] == [
        None,
        "AddBackward0",
        "MulBackward0",
        "MeanBackward0",
    ]
    assert frame.order[0] == "t4"
    assert s.grad("t3") is None
    assert any(problem.node == "t3" and problem.severity == "warning" for problem in s.frame.problems)


def test_vectors_and_several_roots() -> None:
    s = guigrad.Session(guigrad.parse(LESSON))
    frame = s.forward()
    frame = s.backward("t3")
    assert "grad can be implicitly created only for scalar outputs" in frame.problems[0].message
    v = [0.1, 1.0, 0.01, 1.0, 1.0]
    s.forward()
    s.backward("t3", gradient=v)
    t1 = torch.tensor([0.7659, -2.0262, -1.4139, 1.1822, -1.1543], requires_grad=True)
    (2 * (t1 + 2) ** 2).backward(torch.tensor(v))
    assert torch.equal(s.grad("t1"), t1.grad)
    doc = guigrad.call("torch.split", torch.arange(4.0, requires_grad=True), 2)
    s = guigrad.Session(doc)
    s.forward()
    frame = s.backward(["out[0]", "out[1]"], gradient=[torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])])
    assert frame.problems == ()
    assert s.grad("x0").tolist() == [1, 2, 3, 4]
    assert s.tensor("out[1]").tolist() == [2, 3]


def test_a_ledger_tells_what_a_gradient_is_made_of() -> None:
    session = guigrad.Session(guigrad.parse(LESSON))
    assert session.ledger("t1").reason == "not run yet"
    session.forward()
    session.backward("t4", retain_graph=True)
    session.backward("t3", gradient=torch.ones(5))
    t1 = torch.tensor([0.7659, -2.0262, -1.4139, 1.1822, -1.1543], requires_grad=True)
    t3 = 2 * (t1 + 2) ** 2
    t3.mean().backward(retain_graph=True)
    assert t1.grad is not None
    first = t1.grad.clone()
    t3.backward(torch.ones(5))
    found = session.ledger("t1")
    assert [(call.number, call.roots) for call in found.calls] == [(1, ("t4",)), (2, ("t3",))]
    assert [wire.consumer for call in found.calls for wire in call.wires] == ["t2", "t2"]
    parts = [tensor_of(call.total) for call in found.calls if call.total is not None]
    assert torch.equal(parts[0], first)
    assert torch.equal(parts[0] + parts[1], t1.grad)
    session.zero_grad()
    assert (session.ledger("t1").calls, session.ledger("t1").emptied) == ((), "None")


def test_edits_replay_what_was_run_and_never_accumulate_twice() -> None:
    s = guigrad.Session(
        guigrad.parse("import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\ny = (x * x).sum()\n")
    )
    s.forward()
    s.backward("y")
    for value in ([3.0, 4.0], [5.0, 6.0]):
        frame = s.edit(guigrad.edit.set_value(_key(s, "x"), value))
        assert frame["x"].value.tolist() == value
        assert frame["x"].grad.tolist() == [2 * number for number in value]
    assert s.undo()["x"].grad.tolist() == [6, 8]
    assert s.redo()["x"].grad.tolist() == [10, 12]
    assert s.reset()["y"].state == "not run"


def _key(session: guigrad.Session, label: str) -> str:
    return session.frame.labels[label]


def test_training_without_a_loop_says_so() -> None:
    s = guigrad.Session(guigrad.parse(LESSON))
    recording = s.train(steps=3)
    assert (recording.step, recording.problems[0].kind) == (0, "training")


CALLS = [
    ("torch.add", (torch.randn(2, 3, requires_grad=True), torch.randn(3)), {"alpha": 2}),
    (
        torch.nn.functional.conv2d,
        (torch.randn(1, 2, 5, 5), torch.randn(3, 2, 3, 3, requires_grad=True)),
        {"padding": 1},
    ),
    (torch.cat, ([torch.randn(2), torch.randn(3)],), {"dim": 0}),
    ("torch.Tensor.expand", (torch.randn(3, 1), 3, 4), {}),
    ("torch.Tensor.T", (torch.randn(2, 3),), {}),
    (torch.abs, (torch.randn(4, 3).t(),), {}),
    (torch.abs, (torch.tensor([1 + 2j, 3 - 4j]),), {}),
    (torch.neg, (torch.tensor([1.5, -0.0, float("nan")], dtype=torch.bfloat16),), {}),
    (torch.topk, (torch.randn(5, requires_grad=True), 2), {}),
    ("operator.getitem", (torch.randn(3, 4), (0, slice(1, None, 2))), {}),
    (torch.zeros, ((2, 3),), {"dtype": torch.float64}),
]


@pytest.mark.parametrize("at", range(len(CALLS)))
def test_a_call_gives_torchs_bits_also_as_a_script_and_a_file(at: int, tmp_path: Path) -> None:
    target, args, kwargs = CALLS[at]
    doc = guigrad.call(target, *args, **kwargs)
    function = {
        "torch.add": torch.add,
        "torch.Tensor.expand": torch.Tensor.expand,
        "torch.Tensor.T": lambda x: x.T,
    }.get(target, (lambda x, i: x[i]) if target == "operator.getitem" else target)
    expected = function(*args, **kwargs)
    guigrad.save(doc, tmp_path / "call.guigrad")
    namespace: dict[str, object] = {}
    exec(guigrad.emit(doc), namespace)
    for again in (doc, guigrad.load(tmp_path / "call.guigrad"), guigrad.parse(guigrad.emit(doc))):
        assert again.canonical() == doc.canonical()
        s = guigrad.Session(again)
        assert s.forward().problems == ()
        for found in (s.live("out"), namespace["out"]):
            _same(found, expected)


def _same(found: object, expected: object) -> None:
    if isinstance(expected, tuple | list):
        assert isinstance(found, tuple | list)
        for one, other in zip(found, expected, strict=True):
            _same(one, other)
        return
    assert isinstance(found, torch.Tensor)
    assert isinstance(expected, torch.Tensor)
    assert (found.dtype, found.shape, found.stride()) == (expected.dtype, expected.shape, expected.stride())
    assert torch.equal(torch.nan_to_num(found.detach()), torch.nan_to_num(expected.detach()))
    assert type(found.grad_fn) is type(expected.grad_fn)


def test_what_cannot_be_called_is_refused() -> None:
    for target in ("torch.save", "os.system", "torch.nope", print):
        with pytest.raises(guigrad.ProblemError):
            guigrad.call(target, torch.ones(1))
    with pytest.raises(guigrad.ProblemError, match="cannot stand in a document"):
        guigrad.call(torch.add, torch.ones(1), object())


def test_torchs_own_op_samples() -> None:
    """A few of torch's samples of many ops: values, strides, gradients and grad_fn names as a direct call gives them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db

        done = 0
        for op in op_db[::9]:
            if (
                not op.supports_autograd
                or op.op.__name__ == "<lambda>"
                or torch.float32 not in op.supported_dtypes("cpu")
            ):
                continue
            sample = next(iter(op.sample_inputs("cpu", torch.float32, requires_grad=True)))
            try:
                doc = guigrad.call(op.op, sample.input, *sample.args, **sample.kwargs)
            except guigrad.ProblemError:
                continue
            torch.manual_seed(0)
            expected = op.op(sample.input, *sample.args, **sample.kwargs)
            torch.manual_seed(0)
            s = guigrad.Session(doc)
            s.forward()
            _same(s.live("out"), expected)
            done += 1
        assert done > 40
