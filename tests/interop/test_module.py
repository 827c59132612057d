"""Modules as documents: children are functions, parameters leaves, and what runs gives the bits of the module."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import guigrad
from guigrad.document.model import Document
from guigrad.source.emit import emit


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.fc = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.tanh(self.fc(self.norm(x)))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = Block()
        self.second = Block()
        self.head = nn.Linear(4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.second(self.first(x))).mean()


def names(document: Document) -> list[str]:
    return [function.name for function in document.functions.values()]


def same_as_module(module: nn.Module, *inputs: Any, out: str = "out") -> Document:
    document = guigrad.from_module(module, *inputs)
    assert not [problem for problem in document.problems if problem.severity == "error"]
    want = module(*inputs)
    session = guigrad.Session(document)
    frame = session.forward()
    assert not [problem for problem in frame.problems if problem.severity == "error"]
    found = session.tensor(out)
    assert found is not None
    assert torch.equal(found, want.detach())
    if want.dim() == 0:
        module.zero_grad()
        want.backward()
        session.backward(out)
        for path, parameter in module.named_parameters():
            grad = session.grad(path.replace(".", "_") if not path[0].isdigit() else "_" + path.replace(".", "_"))
            assert grad is not None, path
            assert torch.equal(grad, parameter.grad), path
    again = guigrad.parse(emit(document))
    assert names(again) == names(document)
    return document


def test_children_are_functions_in_each_other() -> None:
    torch.manual_seed(0)
    document = same_as_module(Net(), torch.randn(3, 4))
    assert names(document) == ["norm", "fc", "first", "norm_2", "fc_2", "second", "head"]
    calls = [node.op for node in document.nodes.values() if node.op.startswith("def.")]
    assert len(calls) == 7
    main = [item.node for item in document.program]  # type: ignore[union-attr]  # all are plain
    assert sum(document.nodes[key].op.startswith("def.") for key in main) == 3


def test_a_sequential_names_its_children_by_what_they_are() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    assert names(same_as_module(module, torch.randn(5, 4))) == ["linear_0", "relu_1", "linear_2"]


@pytest.mark.parametrize("norm", [nn.BatchNorm2d(3), nn.GroupNorm(1, 3), nn.Identity()])
def test_a_convolutional_net(norm: nn.Module) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 3, 3), norm, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 2)).eval()
    same_as_module(module, torch.randn(2, 1, 8, 8))


def test_a_transformer_layer() -> None:
    torch.manual_seed(0)
    module = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    document = same_as_module(module, torch.randn(2, 3, 8), out="x")  # what its forward calls it
    assert {"self_attn", "linear1", "norm1"} <= set(names(document))


def test_a_child_that_is_called_twice_has_two_functions() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(self.fc(x)).sum()

    torch.manual_seed(0)
    assert names(same_as_module(Twice(), torch.randn(2, 3))) == ["fc", "fc_2"]


def test_the_module_is_left_as_it_was() -> None:
    module = Net()
    guigrad.from_module(module, torch.randn(3, 4))
    hooked = nn.modules.module
    assert not hooked._global_forward_hooks
    assert not hooked._global_forward_pre_hooks
    assert all(parameter.grad is None for parameter in module.parameters())


def test_an_error_of_the_module_is_its_own_and_leaves_no_hooks() -> None:
    with pytest.raises(RuntimeError, match="normalized_shape"):
        guigrad.from_module(Net(), torch.randn(3, 5))
    assert not nn.modules.module._global_forward_hooks


def test_what_is_no_module() -> None:
    with pytest.raises(guigrad.ProblemError, match=r"nn\.Module"):
        guigrad.from_module(torch.nn.functional.relu, torch.randn(3))  # type: ignore[arg-type]  # the very mistake
