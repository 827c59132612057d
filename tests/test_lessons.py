"""The lesson "Autograd basics": its documents against plain torch running the same scripts."""

from __future__ import annotations

import contextlib
import io
import itertools
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

import guigrad
from guigrad.lessons import index

SCRIPTS = Path(__file__).resolve().parent / "golden" / "lessons"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py") if path.stem != "build")
GIVEN = [0.7659, -2.0262, -1.4139, 1.1822, -1.1543]
GRADIENT = [2.2127, -0.0210, 0.4688, 2.5458, 0.6766]


def lesson(name: str) -> Any:
    path = index.find(name)
    assert path is not None
    return guigrad.load(str(path))


def script(name: str) -> str:
    return (SCRIPTS / f"{name}.py").read_text("utf-8")


def plain_torch(name: str) -> tuple[dict[str, Any], list[str], Exception | None, str]:
    """What Python makes of a script: (its variables, warning texts, the exception, what it printed)."""
    variables: dict[str, Any] = {}
    failure = None
    printed = io.StringIO()
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            exec(compile(script(name), f"{name}.py", "exec"), variables)
        except RuntimeError as error:
            failure = error
    return variables, [str(warning.message) for warning in caught], failure, printed.getvalue()


def same_bits(array: Any, tensor: torch.Tensor) -> bool:
    """Whether a record holds exactly that tensor."""
    if array is None:
        return False
    found = torch.frombuffer(bytearray(array.data), dtype=tensor.dtype) if array.data else torch.empty(0)
    found = found.as_strided(array.shape, array.strides, array.offset)
    return tuple(array.shape) == tuple(tensor.shape) and found.tolist() == tensor.tolist()


def close(array: Any, numbers: Any) -> bool:
    """Whether an array shows these numbers, which a lecture gives with four decimals."""
    return bool(torch.allclose(torch.tensor(array.tolist()), torch.tensor(numbers), rtol=0, atol=1.5e-4))


def test_index_lists_every_script() -> None:
    assert [row.name for row in index.lessons()] == NAMES
    assert all(row.title.startswith(("Autograd basics", "Grad of grad")) and row.about for row in index.lessons())
    assert index.find("autograd-1-graph") == index.lessons()[0].path
    assert index.find("retain") is not None
    assert index.find("autograd") is None
    assert index.find("no such lesson") is None


@pytest.mark.parametrize("name", NAMES)
def test_the_document_is_the_script(name: str) -> None:
    document = lesson(name)
    assert not document.problems
    assert document.canonical() == guigrad.parse(script(name)).canonical()
    assert guigrad.emit(document) == script(name)


@pytest.mark.parametrize("name", NAMES)
def test_every_named_node_has_its_place(name: str) -> None:
    document = lesson(name)
    missing = {node.name for key, node in document.nodes.items() if node.name and key not in document.views}
    assert missing <= {"epoch", "g2", "step"}
    places = [(view.x, view.y) for view in document.views.values()]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("name", NAMES)
def test_running_it_gives_the_bits_of_plain_torch(name: str) -> None:
    variables, _, failure, printed = plain_torch(name)
    result = guigrad.Session(lesson(name)).run()
    frame = result.frames[-1]
    tensors = {key: value for key, value in variables.items() if isinstance(value, torch.Tensor)}
    assert tensors
    for key, tensor in tensors.items():
        record = frame[key]
        assert same_bits(record.value, tensor.detach()), key
        assert record.is_leaf == tensor.is_leaf
        assert record.requires_grad == tensor.requires_grad
        assert record.grad_fn == (tensor.grad_fn.name() if tensor.grad_fn is not None else None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            grad = tensor.grad
        assert (record.grad is None) if grad is None else same_bits(record.grad, grad), key
    errors = [problem.message for problem in frame.problems if problem.severity == "error"]
    assert errors == ([str(failure)] if failure else [])
    assert re.sub("0x[0-9a-f]+", "0x", "".join(result.prints)) == re.sub("0x[0-9a-f]+", "0x", printed)


@pytest.mark.parametrize("name", ["autograd-1-graph", "autograd-6-non-scalar"])
def test_as_a_script_it_prints_what_python_prints(name: str) -> None:
    path = str(SCRIPTS / f"{name}.py")
    python = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=120)
    command = [sys.executable, "-c", "import sys; from guigrad.cli import main; sys.exit(main())"]
    ours = subprocess.run([*command, "run", path, "--as-script"], capture_output=True, text=True, timeout=120)
    assert re.sub("0x[0-9a-f]+", "0x", ours.stdout) == re.sub("0x[0-9a-f]+", "0x", python.stdout)
    assert ours.returncode == python.returncode
    if python.returncode:
        assert ours.stderr.splitlines()[-1] == python.stderr.splitlines()[-1]
    else:
        assert ours.stderr == python.stderr


def test_the_second_derivative() -> None:
    frame = guigrad.Session(lesson("grad-of-grad-1-twice")).run().frames[-1]
    assert close(frame["g"].value, [0.75, 3.0, 12.0])
    assert close(frame["h"].value, [3.0, 6.0, 12.0])
    assert frame["g"].grad_fn == "MulBackward0"
    assert frame["h"].grad_fn is None
    assert frame["x"].grad is None


def test_the_penalty_s_gradient_is_that_of_its_formula() -> None:
    frame = guigrad.Session(lesson("grad-of-grad-2-penalty")).run().frames[-1]
    w = torch.tensor([[0.5, -1.0], [1.5, 0.25]], dtype=torch.float64, requires_grad=True)
    x = torch.tensor([0.3, -0.7], dtype=torch.float64)
    slope = w @ (1 - torch.tanh(x @ w) ** 2)  # d score / d x by hand
    ((slope.norm() - 1) ** 2).backward()
    assert w.grad is not None
    assert close(frame["w"].grad, w.grad.to(torch.float32).tolist())
    assert frame["penalty"].grad_fn == "PowBackward0"


def test_newton_s_steps_come_to_the_minimum() -> None:
    result = guigrad.Session(lesson("grad-of-grad-3-newton")).run()
    lengths = [float(re.findall(r"tensor\(([-0-9.e]+)", line)[1]) for line in "".join(result.prints).splitlines()]
    assert len(lengths) == 5
    assert all(after < before for before, after in itertools.pairwise(lengths))
    assert lengths[-1] < 0.01
    x = torch.tensor(result.frames[-1]["x"].value.tolist(), dtype=torch.float64, requires_grad=True)
    f = (x**4).sum() + ((x - 1) ** 2).sum() + x.prod()
    (slope,) = torch.autograd.grad(f, x)
    assert float(slope.norm()) < 1e-5
    hessian = torch.tensor(result.frames[-1]["H"].value.tolist())
    assert torch.equal(hessian, hessian.T)


def test_the_graph_of_five_numbers() -> None:
    frame = guigrad.Session(lesson("autograd-1-graph")).run().frames[-1]
    assert close(frame["t1"].value, GIVEN)
    assert close(frame["t4"].value, 7.5344)
    assert close(frame["t1"].grad, GRADIENT)
    assert [frame[name].grad for name in ("t2", "t3", "t4")] == [None, None, None]
    warned = [problem for problem in frame.problems if problem.severity == "warning"]
    _, texts, _, _ = plain_torch("autograd-1-graph")
    assert [problem.message for problem in warned] == texts
    assert len(texts) == 3
    assert all("is not a leaf Tensor is being accessed" in text for text in texts)


def test_x_ray_shows_what_torch_does_not_keep() -> None:
    frame = guigrad.Session(lesson("autograd-1-graph")).run().frames[-1]
    assert close(frame["t2"].xray, GRADIENT)
    assert close(frame["t3"].xray, [0.2] * 5)
    assert close(frame["t4"].xray, 1.0)
    assert frame["t2"].grad is None


def test_the_seeded_leaf() -> None:
    frame = guigrad.Session(lesson("autograd-2-randn")).run().frames[-1]
    torch.manual_seed(0)
    assert same_bits(frame["t1"].value, torch.randn(5))


def test_leaf_and_intermediate() -> None:
    frame = guigrad.Session(lesson("autograd-3-leaves")).run().frames[-1]
    facts = {name: (frame[name].is_leaf, frame[name].requires_grad) for name in ("t1", "two", "four", "t2")}
    assert facts == {"t1": (True, True), "two": (True, False), "four": (True, False), "t2": (False, True)}
    assert frame["t2"].grad_fn == "AddBackward0"


def test_the_network_keeps_no_gradient_of_h_and_a() -> None:
    frame = guigrad.Session(lesson("autograd-4-network")).run().frames[-1]
    shapes = {name: frame[name].shape for name in ("x", "W1", "W2", "h", "a", "y")}
    assert shapes == {"x": (1, 2), "W1": (2, 3), "W2": (3, 1), "h": (1, 3), "a": (1, 3), "y": (1, 1)}
    assert [frame[name].grad for name in ("x", "h", "a", "y")] == [None] * 4
    assert all(frame[name].grad is not None for name in ("W1", "b1", "W2", "b2"))


def test_retain_grad_and_autograd_grad_agree() -> None:
    frame = guigrad.Session(lesson("autograd-5-retain")).run().frames[-1]
    assert frame["t2"].retains_grad
    assert close(frame["t2"].grad, GRADIENT)
    assert frame["t2"].grad.tolist() == frame["g2"].value.tolist()
    assert close(frame["t1"].grad, GRADIENT)


def test_backward_on_a_non_scalar() -> None:
    frame = guigrad.Session(lesson("autograd-6-non-scalar")).run().frames[-1]
    (problem,) = frame.problems
    assert problem.message == "grad can be implicitly created only for scalar outputs"
    assert problem.error == "RuntimeError"
    assert problem.why
    assert frame["t1"].grad is None
    assert close(frame["t3"].value, [15.3004, 0.0014, 0.6870])

    weighted = guigrad.Session(lesson("autograd-7-vector")).run().frames[-1]
    assert close(
        weighted["t1"].grad, [4 * t * v for t, v in zip((2.7659, -0.0262, 0.5861), (0.1, 1, 0.01), strict=True)]
    )
    ones = guigrad.Session(lesson("autograd-8-ones")).run().frames[-1]
    assert close(ones["t1"].grad, [4 * 2.7659, 4 * -0.0262, 4 * 0.5861])


@pytest.mark.parametrize(("name", "last"), [("autograd-9-epochs", 3.0), ("autograd-9-without-zero", 6.0)])
def test_two_epochs(name: str, last: float) -> None:
    result = guigrad.Session(lesson(name)).run()
    printed = "".join(result.prints).splitlines()
    assert printed[0] == "tensor([3., 3., 3., 3.])"
    assert printed[1] == f"tensor([{last:.0f}., {last:.0f}., {last:.0f}., {last:.0f}.])"
    frame = result.frames[-1]
    assert close(frame["model_output"].value, 8.4)
    assert close(frame["weights"].value, [0.4 if last == 3.0 else 0.1] * 4)
    assert close(frame["weights"].grad, [0.0 if last == 3.0 else 6.0] * 4)


def test_backward_from_the_root_is_the_programs_own() -> None:
    session = guigrad.Session(lesson("autograd-7-vector"))
    frame = session.backward()
    assert frame.problems == ()
    t1 = torch.tensor([0.7659, -2.0262, -1.4139], requires_grad=True)
    (2 * (t1 + 2) ** 2).backward(torch.tensor([0.1, 1.0, 0.01]))
    assert torch.equal(session.grad("t1"), t1.grad)
