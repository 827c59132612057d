"""The table answers by target, key and words, fast and without torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

from guigrad.ops import table


@pytest.mark.parametrize(
    "target",
    [
        "torch.Tensor.mean", "operator.add", "torch.nn.functional.relu", "python.print", "builtins.len", "torch.optim.SGD", "list.append",
        "torch.linalg.inv", "torch.special.expit", "torch.fft.fft", "math.sqrt", "torch.Tensor.T", "torch.autograd.grad", "object.step",
        "setitem.iadd", "setattr.data.isub", "torch.tensor", "torch.Tensor.add_", "torch.optim.lr_scheduler.StepLR", "tensor.data",
    ],
)  # fmt: skip
def test_find_by_exact_target(target: str) -> None:
    row = table.find(target)
    assert row is not None
    assert row.overloads
    assert row.doc


@pytest.mark.parametrize(
    "target", ["torch.load", "torch.nope", "", "torch.tensors", "mean", "object.len", "object.__class__"]
)
def test_find_knows_nothing_else(target: str) -> None:
    assert table.find(target) is None


def test_attributes_are_told_from_methods() -> None:
    for target in ("torch.Tensor.T", "torch.Tensor.shape", "grad_fn._saved_self", "field.values"):
        row = table.find(target)
        assert row is not None
        assert row.family == "attribute", target
    assert "torch.Tensor.T" in {row.targets[0] for row in dict(table.families())["shape"]}


def test_only_operators_have_a_sign() -> None:
    signs = {target: row.infix for target in table.targets() if (row := table.find(target)) is not None and row.infix}
    assert signs["operator.add"] == "+"
    assert signs["operator.imatmul"] == "@="
    assert signs["operator.iand"] == "&="
    assert signs["operator.neg"] == "-"
    assert all(target.startswith("operator.") for target in signs)


def test_effects_and_randomness() -> None:
    assert table.effect_of("torch.Tensor.backward") == "backward"
    assert table.effect_of("torch.Tensor.add_") == "in-place"
    assert table.effect_of("operator.isub") == "in-place"
    assert table.effect_of("optimizer.step") == "step"
    assert table.effect_of("torch.manual_seed") == "seed"
    assert table.effect_of("torch.add") == ""
    assert table.is_random("torch.randn")
    assert table.is_random("torch.nn.functional.dropout")
    assert not table.is_random("torch.zeros")


def test_returns() -> None:
    assert table.returns("torch.Tensor.item") == ("Scalar",)
    assert table.returns("torch.linalg.svd") == ("Tensor", "Tensor", "Tensor")
    assert table.returns("torch.chunk") == ("Tensor[]",)
    assert table.returns("torch.Tensor.max") == ("any",)
    assert table.returns("torch.Tensor.shape") == ("Size",)


def test_finding_an_op_needs_no_torch() -> None:
    code = "import sys, guigrad.ops.table as table; assert table.find('torch.add'); assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
