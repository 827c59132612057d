"""``run --as-script`` prints what Python prints."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import pytest
import torch

from guigrad.engine.script import run_script

SCRIPTS = {
    "warnings once a place": """
        import torch
        import torch.nn.functional as F
        x = torch.ones(3, requires_grad=True) * 2
        for i in range(3):
            print(x.grad)
        print(F.softmax(x))
        print(x.grad, x.grad)
        print(F.mse_loss(torch.ones(2, 3), torch.ones(2, 1)))
        print(torch.tensor(torch.ones(2)))
        x.sum().backward(create_graph=True)
    """,
    "variables after loops": """
        import torch
        x = torch.ones(2)
        total = 0.0
        for i in range(3):
            for j in range(2):
                x = x * (i + j + 1)
                total += x.sum().item()
            print(i, j, x, total)
        print(i, j)
        for k, (p, q) in enumerate(zip([1, 2], [3, 4])):
            print(k, p, q)
        for n in range(0):
            late = n
        print(late)
    """,
    "in place": """
        import torch
        x = torch.zeros(4)
        v = x[1:3]
        v += 5
        v.mul_(2)
        print(x, v, x._version, v._version, v._base is x)
        a = torch.ones(3, requires_grad=True)
        b = a.clone()
        b[1] = 0
        b *= 3
        print(b, b._version)
        b.sum().backward()
        a.data -= 1
        a.grad += 1
        print(a, a.grad)
        s = 1
        s += 2
        s **= 2
        items = [1]
        items += [s]
        items[0] += 7
        print(items)
        y = a.exp()
        y.add_(1)
        y.sum().backward()
    """,
    "settings": """
        import torch
        torch.set_default_dtype(torch.float64)
        torch.set_printoptions(precision=2)
        print(torch.tensor([1.23456]), torch.get_default_dtype())
        torch.manual_seed(42)
        print(torch.rand(2), torch.randperm(5))
        g = torch.Generator().manual_seed(3)
        print(torch.rand(2, generator=g), torch.initial_seed())
    """,
    "shapes that do not fit": "import torch\nprint('before')\nz = torch.ones(2, 3) + torch.ones(2)\nprint('after')\n",
    "unpacking a tensor": "import torch\na, b, c = torch.ones(2, 3)\n",
    "unpacking a number": "import torch\na, b = torch.tensor(1.0)\n",
    "an assertion": "import torch\nx = torch.ones(3)\nassert x.sum() == 4, f'sum is {x.sum()}'\n",
    "none has no method": "import torch\nx = torch.ones(3)\nprint(x.grad)\nx.grad.zero_()\n",
    "division": "n = 0\nprint(7 // 2, -7 // 2, 2 ** -1)\nprint(5 % n)\n",
    "a format": "import torch\nx = torch.ones(3)\nprint(f'{x[0]:.2f}')\nprint(f'{x:.2f}')\n",
    "an optimizer": """
        import torch
        w = torch.ones(2, requires_grad=True)
        opt = torch.optim.Adam([w], lr=0.05)
        sched = torch.optim.lr_scheduler.ExponentialLR(opt, 0.9)
        losses = []
        for step in range(30):
            opt.zero_grad()
            loss = ((w - 3) ** 2).sum()
            loss.backward()
            opt.step()
            sched.step()
            losses.append(loss.item())
        print(losses[-1], min(losses), w, opt.param_groups[0]["lr"])
        print(opt)
    """,
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="compares in forks")
def test_scripts_print_what_python_prints(tmp_path: Path, repository: Path) -> None:
    for name, text in SCRIPTS.items():
        (tmp_path / f"{name.replace(' ', '_')}.py").write_text(textwrap.dedent(text).lstrip(), "utf-8")
    files = sorted(tmp_path.glob("*.py")) + sorted((repository / "tests/golden/scripts").glob("*.py"))
    environment = {**os.environ, "PYTHONPATH": str(repository), "PYTHONWARNINGS": ""}
    done = subprocess.run(
        [sys.executable, str(repository / "tests/engine/compare_scripts.py"), *map(str, files)],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert json.loads(done.stdout) == {}
    assert len(files) > 60


def play(text: str, path: str = "-") -> tuple[int, str, str]:
    """Exit status, output and error text of a script."""
    out, err = io.StringIO(), io.StringIO()
    return run_script(textwrap.dedent(text), path, out, err), out.getvalue(), err.getvalue()


def test_nothing_runs_when_something_is_not_understood() -> None:
    status, out, err = play("print('first')\nimport os\n", "some.py")
    assert (status, out) == (1, "")
    assert err.startswith("some.py:2:1: ")


def test_an_error_ends_with_its_class_and_message() -> None:
    status, out, err = play("import torch\nprint(1)\ntorch.ones(2) @ torch.ones(3)\n")
    assert (status, out) == (1, "1\n")
    assert err.splitlines()[-1].startswith("RuntimeError: inconsistent tensor size")
    assert "Traceback" not in err
    assert err.startswith('  File "<stdin>", line 3, in <module>\n')


def test_the_process_is_left_as_it_was() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    assert (
        play("import torch\ntorch.manual_seed(1)\ntorch.set_default_dtype(torch.float64)\nx = torch.rand(3)\n")[0] == 0
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_default_dtype() is torch.float32


def test_standard_input_is_named_as_python_names_it() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        _, _, err = play("import torch\nx = torch.ones(2, requires_grad=True) * 2\nprint(x.grad)\n")
    assert err.startswith("<stdin>:3: UserWarning: The .grad attribute of a Tensor that is not a leaf")


TRACED = """
import torch

def bad(a, b):
    c = a + 1
    return c @ b

def caller(a):
    for i in range(3):
        b = bad(a, torch.ones(3 - i,
                              2))
    return b

print(caller(torch.ones(2, 3)))
"""


def test_a_traceback_names_the_calls_on_the_way(tmp_path: Path) -> None:
    path = tmp_path / "traced.py"
    path.write_text(TRACED, "utf-8")
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False)
    plain = [line for line in done.stderr.splitlines() if line.strip("~^ ")]  # without the marks below each line
    status, out, err = play(TRACED, str(path))
    assert (status, out) == (done.returncode, done.stdout) == (1, "")
    assert err.splitlines() == plain[1:]  # the places and the error are told, not Python's own heading


def test_a_warning_inside_a_function_names_its_line() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        _, _, err = play(
            "import torch\ndef f(x):\n    y = x * 2\n    return y.grad\nx = torch.ones(2, requires_grad=True)\nf(x)\nf(x)\n"
        )
    assert err.startswith("<stdin>:4: UserWarning: The .grad attribute of a Tensor that is not a leaf")
    assert err.count("UserWarning") == 1
