"""A training as a script for torchrun: what it is made of, what two processes give, and what cannot be shared out."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import guigrad
from guigrad import cli
from guigrad.document import edit
from guigrad.files.arrays import read_arrays
from guigrad.run.distributed import distributed

BATCHES = """import torch
import torch.nn.functional as F

torch.manual_seed(3)
w1 = torch.randn(2, 8, requires_grad=True)
b1 = torch.zeros(8, requires_grad=True)
w2 = torch.randn(8, 3, requires_grad=True)
optimizer = torch.optim.Adam([w1, b1, w2], lr=0.05)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=4)


for epoch in range(3):
    perm = torch.randperm(13)
    for i in range(0, 13, 4):
        # rows of one batch
        h = torch.tanh(X_train[perm[i : i + 4]] @ w1 + b1)
        loss = F.cross_entropy(h @ w2, y_train[perm[i : i + 4]]) + 0.01 * (w1**2).sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([w1, b1, w2], 1.0)
        optimizer.step()
        scheduler.step()
    print(epoch, round(loss.item(), 4))
"""


def data(text: str) -> guigrad.Document:
    """A program that reads the leaves of 13 training points."""
    return guigrad.parse(guigrad.emit(guigrad.data("blobs", n=13, test=0.0)) + text.replace("import torch\n", "", 1))


def address() -> dict[str, str]:
    """A port that is free."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(found.getsockname()[1])}


def losses(path: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in path.read_text().splitlines()]


def test_two_processes_train_as_one_does(tmp_path: Path) -> None:
    """13 rows in batches of 4, 4, 4 and 1: in the last one a process has no row. Tolerance 1e-5 of float32 after 12 steps of Adam."""
    document = data(BATCHES)
    script = tmp_path / "train_ddp.py"
    guigrad.save(document, tmp_path / "train.guigrad")
    assert cli.main(["export", str(tmp_path / "train.guigrad"), "-o", str(script), "--distributed"]) == 0
    session = guigrad.Session(document)
    recording = session.train()
    place = address()
    both = [
        subprocess.Popen(
            [sys.executable, str(script)],
            cwd=tmp_path,
            env={**os.environ, "OMP_NUM_THREADS": "1", "RANK": str(rank), "WORLD_SIZE": "2", **place},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]  # as torchrun starts them
    try:
        (said, errors), (nothing, more) = [process.communicate(timeout=120) for process in both]
    finally:
        for process in both:
            process.kill()
    assert [process.returncode for process in both] == [0, 0], errors + more
    assert nothing == ""
    alone = list(recording.loss)
    assert len(alone) == 12
    together = losses(tmp_path / "losses.jsonl")
    assert together == pytest.approx(alone, abs=1e-5)
    printed = [[float(word) for word in line.split()] for line in said.splitlines()]
    assert printed == [pytest.approx([epoch, alone[4 * epoch + 3]], abs=1e-3) for epoch in range(3)]
    found = read_arrays(tmp_path / "parameters.safetensors")
    assert set(found) == {"w1", "b1", "w2"}
    for name, array in found.items():
        assert torch.allclose(torch.tensor(array.tolist()), session.tensor(name), atol=1e-5)


@pytest.mark.filterwarnings("ignore")  # of what DistributedDataParallel loads
def test_one_process_gives_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without torchrun, updates by hand, names that the script needs itself, a function, and no seed where nothing is drawn."""
    text = """import torch

time = torch.linspace(-1, 1, 7).unsqueeze(1)
y = 3 * time + 1
w = torch.zeros(1, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
total = 0.0
for step in range(6):
    ((time @ w + b - y) ** 2).sum().backward()
    with torch.no_grad():
        w -= 0.01 * w.grad
        b -= 0.01 * b.grad
    w.grad = None
    b.grad = None
"""
    document = guigrad.parse(text)
    script = distributed(document)
    assert "ddp_seed" not in script
    assert "time_ = torch.linspace" in script
    words = ["one.py", "--losses", str(tmp_path / "log.jsonl"), "--parameters", str(tmp_path / "p.safetensors")]
    monkeypatch.setattr(sys, "argv", words)
    exec(compile(script, "one.py", "exec"), {"__doc__": "One process"})
    session = guigrad.Session(document)
    assert losses(tmp_path / "log.jsonl") == list(session.train().loss)
    found = read_arrays(tmp_path / "p.safetensors")
    assert found["w"].tolist() == session.tensor("w").tolist()


def test_the_forward_part_becomes_a_module() -> None:
    text = distributed(data(BATCHES))
    module = text[text.index("class Forward") : text.index("class Distributed")]
    assert "def forward(self, X_train_rows, y_train_rows):" in module
    assert "w1, b1, w2 = self.leaves" in module
    assert "        # rows of one batch\n        h = torch.tanh(X_train_rows @ w1 + b1)" in module
    loop = text[text.index("for epoch in") :]
    assert "        ddp_part, loss = ddp(X_train_rows, y_train_rows)\n" in loop
    assert "        ddp_part.backward()\n" in loop
    assert "w1 = torch.nn.Parameter(w1)" in text
    compile(text, "train_ddp.py", "exec")


@pytest.mark.parametrize(
    "change",
    [
        edit.set_batches(["X", "y"], 4), edit.set_stop(0.1), edit.set_clip("norm", 1.0), edit.set_zero("zeros"), edit.set_optimizer("torch.optim.Adam"),
        edit.set_scheduler("torch.optim.lr_scheduler.ReduceLROnPlateau"), edit.set_optimizer("by hand"), edit.set_zero("forgotten"),
    ],
)  # fmt: skip
def test_what_can_be_set_up_can_be_shared_out(change: edit.Edit) -> None:
    loop = "for i in range(3):\n    loss = F.mse_loss(X @ w, y)\n    loss.backward()\n    optimizer.step()\n    optimizer.zero_grad()\n"
    document = guigrad.parse(SETUP + loop)
    text = distributed(change(document).apply(document))
    compile(text, "train_ddp.py", "exec")
    assert text.count("ddp_part.backward()") == text.count("= ddp(") == 1


SETUP = """import torch
import torch.nn.functional as F

torch.manual_seed(0)
X = torch.randn(6, 2)
y = torch.randn(6, 1)
w = torch.randn(2, 1, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
"""


@pytest.mark.parametrize(
    ("loop", "words"),
    [
        ("", "no loop that trains"),
        ("for i in range(3):\n    z = X @ w\n", "no loop that trains"),
        ("for i in range(3):\n    a = (X @ w).sum()\n    b = (y * w[0]).sum()\n    a.backward()\n    b.backward()\n", "2 backwards"),
        ("for i in range(3):\n    a = (X @ w).sum()\n    a.backward(retain_graph=True)\n", "its backward has arguments"),
        ("for i in range(3):\n    (X @ w).backward(torch.ones(6, 1))\n", "its backward has arguments"),
        ("for i in range(3):\n    a = (X @ w).sum()\n    (g,) = torch.autograd.grad(a, [w])\n    w.data -= g\n", "torch.autograd.grad"),
        ("for i in range(3):\n    a = (X @ w).sum()\n    if i > 1:\n        a.backward()\n", "inside a branch"),
        ("for i in range(3):\n    a = F.dropout(X @ w).sum()\n    a.backward()\n    optimizer.step()\n", "draws random numbers"),
        ("for i in range(3):\n    a = F.batch_norm(X @ w, None, None, training=True).sum()\n    a.backward()\n    optimizer.step()\n", "normalises over the rows"),
        ("for i in range(3):\n    p = X @ w\n    a = p.sum()\n    a.backward()\n    print(p.mean())\n    optimizer.step()\n", "p is read in a round beside the loss"),
        ("for i in range(3):\n    p = X @ w\n    a = p.sum()\n    a.backward()\n    optimizer.step()\nprint(p)\n", "p is read behind the loop"),
        ("for i in range(3):\n    a = (w**2).sum()\n    a.backward()\n    optimizer.step()\n", "reads no data"),
        ("for i in range(3):\n    a = (X * 2).sum()\n    a.requires_grad_()\n    a.backward()\n    optimizer.step()\n", "does not depend on what is trained"),
        ("for i in range(3):\n    a = (X @ w).sum()\n    a.backward()\n    w = (w - 0.1 * w.grad).detach().requires_grad_()\n", "replaced by another tensor"),
        ("h = torch.zeros(6, 1)\nfor i in range(3):\n    h = X @ w + h.detach()\n    a = h.sum()\n    a.backward()\n    optimizer.step()\n", "carried from round to round"),
        ("v = w * 2\nfor i in range(3):\n    a = (X @ v).sum()\n    a.backward()\n    optimizer.step()\n", "v is computed of trained leaves before the loop"),
    ],
)  # fmt: skip
def test_what_cannot_be_shared_out_says_why(
    loop: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = guigrad.parse(SETUP + loop)
    assert not [problem for problem in document.problems if problem.severity == "error"]
    with pytest.raises(guigrad.ProblemError, match=words):
        distributed(document)
    (tmp_path / "in.py").write_text(SETUP + loop)
    assert cli.main(["export", str(tmp_path / "in.py"), "-o", str(tmp_path / "out.py"), "--distributed"]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out.py").exists()
