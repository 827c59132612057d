"""One tensor looked at closely: every number against plain torch."""

from __future__ import annotations

import math

import pytest
import torch

from guigrad.document.array import ArrayData
from guigrad.document.model import Document
from guigrad.engine.handler import Handler
from guigrad.engine.values import array_of, tensor_of
from guigrad.run.request import Ask, Backward, Forward, Load, Request
from guigrad.run.tensor import AskTensor, Tensor
from guigrad.source.parse.parser import parse

CODE = """import torch

x = torch.tensor([[1.0, -2.0, 0.0], [4.0, 5.5, -6.0]], requires_grad=True)
y = x * x
z = torch.tensor([3 + 4j, 0j])
big = torch.arange(1000000.0)
bad = torch.log(torch.tensor([-1.0, 0.0, 1.0]))
n = torch.tensor([1, 2, 2, 5])
half = torch.tensor([0.1, 0.2], dtype=torch.bfloat16)
tiny = torch.tensor([0.5, 2.0]).to(torch.float8_e4m3fn)
sparse = torch.eye(3).to_sparse()
u, v = torch.tensor([1.0, 2.0]).split(1)
loss = y.sum()
"""


@pytest.fixture(scope="module")
def handler() -> Handler:
    made = Handler()
    document = parse(CODE)
    made.handle(Request(Load(document)))
    made.handle(Request(Forward()))
    made.handle(Request(Backward(("loss",))))
    return made


def key(handler: Handler, name: str) -> str:
    document: Document = handler.engine.document
    return next(k for k, node in document.nodes.items() if node.name == name or name in node.outputs)


def ask(handler: Handler, name: str, part: str = "value", **more: object) -> Tensor:
    reply = handler.handle(Request(Ask(AskTensor(key(handler, name), part, **more))))  # type: ignore[arg-type]
    assert isinstance(reply.answer, Tensor)
    return reply.answer


def bits(values: object) -> ArrayData:
    array = array_of(torch.as_tensor(values))
    assert array is not None
    return array


def test_values_gradients_and_statistics_are_torchs(handler: Handler) -> None:
    x = torch.tensor([[1.0, -2.0, 0.0], [4.0, 5.5, -6.0]])
    for part, wanted in (("value", x), ("grad", 2 * x)):
        found = ask(handler, "x", part)
        assert (found.dtype, found.shape, found.state, found.reason) == ("float32", (2, 3), "fresh", "")
        assert found.bits is not None
        assert torch.equal(tensor_of(found.bits), wanted)
        s, wide = found.stats, wanted.double()
        assert s is not None
        assert (s.minimum, s.mean, s.maximum) == (wide.min().item(), wide.mean().item(), wide.max().item())
        assert (s.std, s.norm) == (wide.std(correction=0).item(), wide.norm().item())
        assert (s.zeros, s.nans, s.infs) == (1, 0, 0)
        assert sum(found.spread.counts) == 6
    assert ask(handler, "y", "xray").bits is not None
    assert ask(handler, "y", "grad").reason == "None"
    assert "backward" in ask(handler, "n", "xray").reason


def test_nan_and_infinities_are_counted_and_placed(handler: Handler) -> None:
    found = ask(handler, "bad")
    assert found.stats is not None
    assert (found.stats.nans, found.stats.infs, found.odd) == (1, 1, (0, 1))
    assert sum(found.spread.counts) == 1


def test_a_large_tensor_is_thinned_and_its_statistics_are_of_all(handler: Handler) -> None:
    found = ask(handler, "big", limit=1000)
    assert found.bits is not None
    assert found.steps == (1024,)
    assert found.bits.tolist()[1] == 1024.0
    assert found.stats is not None
    assert found.stats.maximum == 999999.0
    assert sum(found.spread.counts) == 1_000_000


def test_the_parts_of_complex_numbers(handler: Handler) -> None:
    z = torch.tensor([3 + 4j, 0j])
    for view, wanted in (("re", z.real), ("im", z.imag), ("abs", z.abs()), ("angle", z.angle())):
        found = ask(handler, "z", view=view)
        assert found.bits is not None
        assert found.shown is not None
        assert found.bits.tolist() == z.tolist()
        assert found.shown.tolist() == wanted.tolist()
        assert found.note.startswith("torch.")


def test_whole_numbers_have_a_bin_each(handler: Handler) -> None:
    spread = ask(handler, "n").spread
    assert (spread.low, spread.high, spread.counts) == (0.5, 5.5, (1, 2, 0, 0, 1))


def test_what_numpy_has_no_type_for(handler: Handler) -> None:
    half = ask(handler, "half")
    assert half.bits is not None
    assert (half.dtype, half.shown) == ("bfloat16", None)
    tiny = ask(handler, "tiny")
    assert tiny.shown is not None
    assert (tiny.dtype, tiny.shown.dtype, tiny.shown.tolist()) == ("float8_e4m3fn", "float32", [0.5, 2.0])
    sparse = ask(handler, "sparse")
    assert sparse.shown is not None
    assert sparse.shown.tolist() == torch.eye(3).tolist()
    assert "to_dense" in sparse.note


def test_an_output_of_a_tuple(handler: Handler) -> None:
    reply = handler.handle(Request(Ask(AskTensor(f"{key(handler, 'u')}[1]"))))
    assert isinstance(reply.answer, Tensor)
    assert reply.answer.bits is not None
    assert reply.answer.bits.tolist() == [2.0]


def test_two_tensors_are_compared(handler: Handler) -> None:
    found = ask(handler, "x", against=bits([[1.0, -2.0, 0.0], [4.0, 5.0, -6.0]]))
    c = found.comparison
    assert c is not None
    assert (c.differing, c.largest, c.where, c.same_bits, c.reason) == (1, 0.5, 4, False, "")
    assert c.relative == 0.5 / 5.5
    assert found.shown is not None
    assert found.shown.tolist() == [[0, 0, 0], [0, 0.5, 0]]
    same = ask(handler, "x", against=key(handler, "x")).comparison
    assert same is not None
    assert (same.differing, same.largest, same.same_bits) == (0, 0.0, True)
    minus = ask(handler, "x", bits=bits([0.0]), against=bits([-0.0])).comparison
    assert minus is not None
    assert (minus.differing, minus.same_bits) == (0, False)
    other = ask(handler, "x", against=key(handler, "n")).comparison
    assert other is not None
    assert "shapes differ" in other.reason


@pytest.mark.parametrize(
    ("a", "b", "differing", "largest"),
    [
        ([math.nan, math.inf], [math.nan, math.inf], 0, 0.0),
        ([math.nan, 1.0], [0.0, 1.0], 1, math.inf),
        ([math.inf], [-math.inf], 1, math.inf),
        ([2**62 + 1], [2**62], 1, 1.0),
        ([True], [False], 1, 1.0),
        ([1e308], [-1e308], 1, math.inf),
        ([], [], 0, 0.0),
    ],
)
def test_odd_differences(handler: Handler, a: list[float], b: list[float], differing: int, largest: float) -> None:
    dtype = torch.float64 if not a or isinstance(a[0], float) else None
    found = ask(handler, "x", bits=bits(torch.tensor(a, dtype=dtype)), against=bits(torch.tensor(b, dtype=dtype)))
    assert found.comparison is not None
    assert (found.comparison.differing, found.comparison.largest) == (differing, largest)


def test_what_cannot_be_shown_says_why(handler: Handler) -> None:
    assert ask(handler, "x", bits=ArrayData("float32", (5,), (1,), b"")).reason
    reply = handler.handle(Request(Ask(AskTensor("nobody"))))
    assert isinstance(reply.answer, Tensor)
    assert "no such node" in reply.answer.reason


def test_extreme_ranges_have_a_histogram(handler: Handler) -> None:
    found = ask(handler, "x", bits=bits(torch.tensor([1e308, -1e308, 5e-324], dtype=torch.float64)))
    assert sum(found.spread.counts) == 3
    assert ask(handler, "x", bits=bits(torch.full((3,), 2.0))).spread.counts == (3,)
    assert sum(ask(handler, "x", bits=bits(torch.tensor([5e-324, 1e-323], dtype=torch.float64))).spread.counts) == 2
