"""``guigrad export`` writes every format of the contract, and what other programs read of them is what torch computed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import guigrad
from guigrad import cli

SCRIPT = """import torch
import torch.nn.functional as F

torch.manual_seed(0)
x = torch.randn(6, 3)
w = torch.randn(3, 2, requires_grad=True)
b = torch.zeros(2, requires_grad=True)
y = torch.tensor([0, 1, 0, 1, 1, 0])
optimizer = torch.optim.SGD([w, b], lr=0.5)
for step in range(5):
    # one round
    h = x @ w + b
    loss = F.cross_entropy(h, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(loss.item())
"""


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    return str(path)


def loss_of(leaves: dict[str, torch.Tensor]) -> torch.Tensor:
    h = leaves["x"] @ leaves["w"] + leaves["b"]
    return torch.nn.functional.cross_entropy(h, torch.tensor([0, 1, 0, 1, 1, 0]))


def test_leaves_as_safetensors(script: str, tmp_path: Path) -> None:
    out = tmp_path / "leaves.safetensors"
    assert cli.main(["export", script, "-o", str(out)]) == 0
    torch.manual_seed(0)
    x, w = torch.randn(6, 3), torch.randn(3, 2)
    found = load_file(out)
    assert set(found) == {"x", "w", "b", "y"}
    assert torch.equal(found["x"], x)
    assert torch.equal(found["w"], w)
    assert cli.main(["export", script, "-o", str(out), "--steps", "5"]) == 0
    session = guigrad.Session(guigrad.load(script))
    session.train(5)
    assert torch.equal(load_file(out)["w"], session.tensor("w"))


@pytest.mark.filterwarnings("ignore")  # of torch's own exporters, which are loaded here for the first time
def test_programs_and_models(script: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import onnx
    from onnx.reference import ReferenceEvaluator

    pt2, model, leaves = (tmp_path / f"out.{end}" for end in ("pt2", "onnx", "safetensors"))
    assert cli.main(["export", script, "-o", str(leaves)]) == 0
    expected = loss_of(load_file(leaves))
    x = load_file(leaves)["x"]
    assert cli.main(["export", script, "-o", str(pt2)]) == 0
    program = torch.export.load(pt2)  # our own file, made a moment ago
    assert torch.equal(program.module()(x), expected)
    assert {name for name, _ in program.named_parameters()} == {"leaf_w", "leaf_b"}
    assert cli.main(["export", script, "-o", str(model), "--node", "h"]) == 0
    made = onnx.load(model)
    onnx.checker.check_model(made)
    assert [each.name for each in made.graph.input] == ["x"]
    (h,) = ReferenceEvaluator(made).run(None, {"x": x.numpy()})
    found = load_file(leaves)
    np.testing.assert_allclose(h, (x @ found["w"] + found["b"]).numpy(), rtol=1e-5)
    assert cli.main(["export", script, "-o", str(pt2), "--node", "nothing"]) == 1
    assert "there is no 'nothing'" in capsys.readouterr().err
    assert torch.equal(torch.export.load(pt2).module()(x), expected)  # the file before is whole


def test_what_fails_is_told_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad, empty = tmp_path / "bad.py", tmp_path / "empty.py"
    bad.write_text("import torch\n\nx = torch.ones(2)\ny = x @ torch.ones(3)\n")
    empty.write_text("print(1)\n")
    for source, end in ((bad, "pt2"), (bad, "safetensors"), (empty, "safetensors"), (empty, "onnx"), (bad, "py")):
        out = tmp_path / f"out.{end}"
        words = ["export", str(source), "-o", str(out), *(["--distributed"] if end == "py" else [])]
        assert cli.main(words) == 1
        assert not out.exists()
        said = capsys.readouterr().err
        assert said
        assert "Traceback" not in said


def test_a_missing_library_is_named(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxscript", None)
    assert cli.main(["export", script, "-o", str(tmp_path / "out.onnx")]) == 1
    assert "pip install onnxscript" in capsys.readouterr().err


def test_a_notebook_carries_its_document(script: str, tmp_path: Path) -> None:
    document = guigrad.load(script)
    moved = guigrad.edit.move({"w": (300.0, 40.0)})(document).apply(document)
    guigrad.save(moved, tmp_path / "moved.guigrad")
    out = tmp_path / "out.ipynb"
    assert cli.main(["export", str(tmp_path / "moved.guigrad"), "-o", str(out)]) == 0
    notebook = json.loads(out.read_text())
    cells = ["".join(cell["source"]) for cell in notebook["cells"]]
    assert [cell.splitlines()[0] for cell in cells] == [
        "import torch", "torch.manual_seed(0)", "for step in range(5):", "print(loss.item())",
    ]  # fmt: skip
    namespace: dict[str, object] = {}
    for cell in cells:
        exec(cell, namespace)
    assert guigrad.load(out) == moved
    notebook["cells"][1]["source"] = ["torch.manual_seed(1)\n", *notebook["cells"][1]["source"][1:]]
    out.write_text(json.dumps(notebook))
    again = guigrad.load(out)  # changed by hand: what is written counts
    assert "torch.manual_seed(1)" in guigrad.emit(again)
    for broken in ("x", "", "AAAA"):
        notebook["metadata"]["guigrad"] = {"document": broken}
        out.write_text(json.dumps(notebook))
        assert guigrad.load(out).canonical() == again.canonical()
