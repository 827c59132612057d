"""One call of torch as a document: special methods become their operators."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import guigrad


@pytest.mark.parametrize(
    ("target", "args", "code"),
    [
        ("torch.Tensor.__getitem__", (torch.arange(6.0).reshape(2, 3), (slice(None), 1)), "out = x0[:, 1]"),
        (torch.Tensor.__radd__, (torch.ones(2), 3), "out = 3 + x0"),
        (torch.Tensor.__rsub__, (torch.ones(2), 5), "out = 5 - x0"),
        (torch.Tensor.__rpow__, (torch.full((2,), 3.0), 2), "out = 2**x0"),
        ("torch.Tensor.__rdiv__", (torch.full((2,), 4.0), 2), "out = 2 / x0"),
        (torch.Tensor.__rmatmul__, (torch.ones(2, 2), torch.eye(2)), "out = x1 @ x0"),
        (torch.Tensor.__and__, (torch.tensor([True]), torch.tensor([False])), "out = x0 & x1"),
        (torch.Tensor.__eq__, (torch.ones(2), 1), "out = x0 == 1"),
    ],
)
def test_special_methods_are_their_operators(target: Any, args: tuple[Any, ...], code: str) -> None:
    document = guigrad.call(target, *args)
    assert guigrad.emit(document).splitlines()[-1] == code
    session = guigrad.Session(document)
    assert session.forward().problems == ()
    plain = target if callable(target) else getattr(torch.Tensor, target.rsplit(".", 1)[1])
    assert torch.equal(session.tensor("out"), plain(*args))


def test_a_special_method_that_is_no_operator_is_refused() -> None:
    with pytest.raises(guigrad.ProblemError):
        guigrad.call("torch.Tensor.__reduce__", torch.ones(1))


def test_the_reflected_division_of_two_tensors_has_torchs_bits() -> None:
    a, b = (torch.rand(2000, generator=torch.Generator().manual_seed(k)) * 3 for k in (1, 2))
    for target in (torch.Tensor.__rdiv__, torch.Tensor.__rtruediv__):
        document = guigrad.call(target, a, b)
        session = guigrad.Session(document)
        assert session.forward().problems == ()
        out = session.tensor("out")
        assert out is not None
        assert torch.equal(out, b * a.reciprocal())
        assert not torch.equal(out, b / a), "the quotient has other bits somewhere"
