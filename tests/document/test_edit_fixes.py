"""What one click on a fix does to the code."""

from __future__ import annotations

import pytest

from guigrad.document import edit
from guigrad.document.edit import Edit, Refused
from guigrad.document.model import Effect, walk
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse


@pytest.mark.parametrize(
    ("source", "fix", "wanted"),
    [
        ("x = torch.ones(2, 3)\ny = x @ x\n", edit.insert_between("x", "y", "torch.Tensor.mT"), "y = x @ x.mT"),
        ("x = torch.ones(2)\ny = x * 2\ny.backward()\n", edit.add_gradient("backward"), "y.backward(torch.ones_like(y))|y.backward(gradient=torch.ones_like(y))"),
        ("x = torch.ones(2)\ny = x * 2\ny.backward()\ny.backward()\n", edit.retain_graph("backward_2"), "y.backward(retain_graph=True)\ny.backward()"),
        ("x = torch.ones(2)\ny = x * 2\ny.backward()\n", edit.insert_before("backward", "torch.Tensor.sum"), "y.sum().backward()"),
        ("x = torch.ones(2)\nx += 1\n", edit.out_of_place("x"), "x = x + 1"),
        ("x = torch.ones(2)\nx.mul_(2)\n", edit.out_of_place("x"), "x = x.mul(2)"),
        ("x = torch.ones(2)\nx += 1\n", edit.wrap_region("x"), "with torch.no_grad():\n    x += 1"),
        ("x = torch.ones(2)\ny = x * 2\n", edit.retain_grad("y"), "y.retain_grad()"),
        ("x = torch.tensor([1, 2], requires_grad=True)\n", edit.set_dtype("x", "torch.float32"), "dtype=torch.float32"),
        ("x = torch.ones(2)\ny = x.view(1, 2)\n", edit.change_op("y", "torch.Tensor.reshape"), "y = x.reshape(1, 2)"),
        ("x = torch.ones(2)\ny = x * 2\n", edit.cast("x", "torch.float64", "y"), "y = x.to(torch.float64) * 2"),
        ("with torch.inference_mode():\n    x = torch.ones(2)\n", edit.change_regions("inference_mode", "no_grad"), "with torch.no_grad():"),
    ],
)  # fmt: skip
def test_fixes(source: str, fix: Edit, wanted: str) -> None:
    document = parse(f"import torch\n\n{source}")
    assert document.problems == ()
    text = emit(fix(document).apply(document))
    assert any(each in text for each in wanted.split("|")), text


def test_out_of_place_is_no_effect() -> None:
    document = parse("import torch\nx = torch.ones(2)\nx += 1\n")
    after = edit.out_of_place("x")(document).apply(document)
    assert not [item for item in walk(after.program) if isinstance(item, Effect)]


def test_fixes_that_do_not_apply_say_so() -> None:
    document = parse("import torch\nx = torch.ones(2)\ny = x * 2\n")
    for fix in (
        edit.out_of_place("y"),
        edit.retain_graph("y"),
        edit.add_gradient("y"),
        edit.insert_between("y", "x", "torch.relu"),
        edit.insert_before("x", "torch.relu"),
    ):
        with pytest.raises(Refused):
            fix(document)
