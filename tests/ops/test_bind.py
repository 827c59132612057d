"""Arguments find their parameters as torch's own parser would place them."""

from __future__ import annotations

import pytest

from guigrad.ops import table
from guigrad.ops.bind import Binding, Kind, bind


def bound(target: str, *args: Kind, **kwargs: Kind) -> Binding:
    row = table.find(target)
    assert row is not None
    return bind(row, args, kwargs)


@pytest.mark.parametrize(
    ("target", "args", "kwargs", "paths"),
    [
        ("operator.add", ("any", "any"), {}, ["self", "other"]),
        ("operator.pow", ("any", "int"), {}, ["self", "exponent"]),
        ("torch.Tensor.mean", ("any",), {}, ["self"]),
        ("torch.Tensor.sum", ("any", "int"), {}, ["self", "dim"]),
        ("torch.Tensor.sum", ("any", "int", "bool"), {}, ["self", "dim", "keepdim"]),
        ("torch.sum", (), {"input": "any", "axis": "int", "keepdims": "bool"}, ["self", "dim", "keepdim"]),
        ("torch.Tensor.view", ("any", "int", "int"), {}, ["self", "size[0]", "size[1]"]),
        ("torch.Tensor.view", ("any", ("int", "any")), {}, ["self", "size", "size[0]", "size[1]"]),
        ("torch.randn", ("int", "int"), {"requires_grad": "bool"}, ["size[0]", "size[1]", "requires_grad"]),
        ("torch.cat", (("any", "any"),), {"dim": "int"}, ["tensors", "tensors[0]", "tensors[1]", "dim"]),
        ("torch.einsum", ("str", "any", "any"), {}, ["equation", "operands[0]", "operands[1]"]),
        ("torch.Tensor.where", ("Tensor", "Tensor", "float"), {}, ["self", "condition", "other"]),
        ("python.print", ("str", "any"), {"sep": "str"}, ["values[0]", "values[1]", "sep"]),
        ("torch.nn.functional.conv2d", ("any", "any", "None", "int"), {}, ["input", "weight", "bias", "stride"]),
    ],
)
def test_paths(target: str, args: tuple[Kind, ...], kwargs: dict[str, Kind], paths: list[str]) -> None:
    found = bound(target, *args, **kwargs)
    assert found.problem == ""
    assert [place.path for place in found.places] == paths


def test_the_overload_fits_the_kinds() -> None:
    assert [param.name for param in bound("torch.Tensor.max", "Tensor", "int").overload.params] == [
        "self",
        "dim",
        "keepdim",
    ]
    assert [param.name for param in bound("torch.Tensor.max", "Tensor", "Tensor").overload.params] == ["self", "other"]
    assert [param.type for param in bound("torch.mul", "Tensor", "float").overload.params] == ["Tensor", "Scalar"]


@pytest.mark.parametrize(
    ("target", "args", "kwargs", "text"),
    [
        ("torch.mm", ("any",), {}, "mm needs a value for 'mat2'"),
        ("torch.dot", ("any", "any", "any"), {}, "dot takes at most 2 arguments, 3 were given"),
        ("torch.mm", ("any", "any"), {"foo": "int"}, "mm has no parameter named 'foo'"),
        ("torch.mm", ("any", "any"), {"mat2": "any"}, "mm got 'mat2' twice"),
        ("torch.mm", ("any", "str"), {}, "'mat2' of mm takes Tensor, not str"),
    ],
)
def test_what_does_not_fit_is_said(target: str, args: tuple[Kind, ...], kwargs: dict[str, Kind], text: str) -> None:
    found = bound(target, *args, **kwargs)
    assert found.problem == text
    assert found.places


def test_a_starred_argument_may_be_any_number() -> None:
    assert bound("torch.mm", "*").problem == ""
