"""Statistics, histograms and differences piece by piece: what torch says of the whole."""

from __future__ import annotations

import math

import pytest
import torch

from guigrad.engine import differ, summary
from guigrad.engine.handler import Handler
from guigrad.run.request import Forward, Load, Look, Request, Want
from guigrad.source.parse.parser import parse

NAN, INF = math.nan, math.inf


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "WHOLE", 50)
    monkeypatch.setattr(summary, "PIECE", 7)


def odd(tensor: torch.Tensor, places: dict[int, float]) -> torch.Tensor:
    flat = tensor.clone()
    for place, value in places.items():
        flat.view(-1)[place] = value
    return flat


TENSORS = [
    torch.randn(6, 5, 4, generator=torch.Generator().manual_seed(1)),
    torch.randn(20, 6, generator=torch.Generator().manual_seed(2)).t(),
    odd(torch.arange(200.0), {3: NAN, 100: INF, 199: -INF}),
    odd(torch.arange(100.0), dict.fromkeys(range(100), NAN)),
    odd(torch.arange(100.0), dict.fromkeys(range(50), NAN)),
    torch.zeros(3, 1, 40),
    torch.randint(-9, 9, (9, 9), generator=torch.Generator().manual_seed(3)),
    torch.full((100,), 1e308, dtype=torch.float64),
    torch.ones(1).expand(80, 2),
    torch.arange(120) % 2 == 0,
    torch.randn(70, dtype=torch.complex64, generator=torch.Generator().manual_seed(4)),
    torch.randn(60, generator=torch.Generator().manual_seed(5)).to(torch.bfloat16),
]


@pytest.mark.parametrize("tensor", TENSORS, ids=lambda t: f"{t.dtype}-{tuple(t.shape)}")
def test_pieces_add_up_to_the_whole(tensor: torch.Tensor) -> None:
    parts = list(summary.pieces(tensor))
    assert len(parts) > 1
    assert torch.equal(torch.cat(parts).nan_to_num(), tensor.reshape(-1).nan_to_num())
    found = summary.stats(tensor)
    assert found is not None
    flat = (tensor.abs() if tensor.is_complex() else tensor).double().reshape(-1)
    real, good = flat[~flat.isnan()], flat[flat.isfinite()]
    assert (found.nans, found.infs) == (int(flat.isnan().sum()), int(flat.isinf().sum()))
    assert found.zeros == int((real == 0).sum())
    if not len(real):
        assert math.isnan(found.mean)
        return
    assert (found.minimum, found.maximum) == (float(real.min()), float(real.max()))
    assert found.std == pytest.approx(float(good.std(correction=0)), rel=1e-12, abs=1e-12)
    wanted = float(real.mean()), float(real.norm())
    if math.isfinite(wanted[1]):
        assert (found.mean, found.norm) == pytest.approx(wanted, rel=1e-12, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("tensor", TENSORS, ids=lambda t: f"{t.dtype}-{tuple(t.shape)}")
def test_the_histogram_counts_every_finite_entry(tensor: torch.Tensor) -> None:
    def source() -> object:
        return summary.pieces(tensor)

    whole = not (tensor.is_floating_point() or tensor.is_complex())
    sums = summary.summed(source)  # type: ignore[arg-type]  # the narrower type is of no use here
    found = summary.spread(source, sums, whole)  # type: ignore[arg-type]  # the same
    assert sum(found.counts) == int(tensor.isfinite().sum())
    assert sums is not None
    places = (~tensor.isfinite()).reshape(-1).nonzero().reshape(-1).tolist()
    assert list(sums.odd) == places[: len(sums.odd)]
    assert bool(sums.odd) == bool(places)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_ulps_are_counted_by_nextafter(dtype: torch.dtype) -> None:
    a = torch.linspace(-3, 3, 101, dtype=dtype)
    b = a.clone()
    whole = {8: torch.int64, 4: torch.int32, 2: torch.int16}[a.element_size()]
    b[40] = (a[40:41].view(whole) + 5).view(dtype)[0]
    found = differ.compare(a, b, False, lambda: None)
    assert (found.ulps, found.differing, found.where) == (5, 1, 40)
    tiny = torch.tensor([5e-324, 0.0], dtype=torch.float64) if dtype == torch.float64 else None
    if tiny is not None:
        assert differ.compare(tiny, -tiny, False, lambda: None).ulps == 2
        far = torch.tensor([1.7e308], dtype=torch.float64)
        steps = int(far.view(torch.int64))
        assert differ.compare(far, -far, False, lambda: None).ulps == 2 * steps


def test_ulps_say_nothing_of_integers_and_of_two_dtypes() -> None:
    one = torch.arange(3)
    assert differ.compare(one, one + 1, False, lambda: None).ulps == -1
    assert differ.compare(one.float(), one.double(), False, lambda: None).ulps == -1
    nan = torch.tensor([NAN, INF])
    assert differ.compare(nan, nan, False, lambda: None).ulps == -1


def test_a_difference_piece_by_piece_is_that_of_the_whole() -> None:
    a = torch.randn(30, 7, generator=torch.Generator().manual_seed(6))
    b = odd(a, {5: 9.0, 77: NAN, 200: INF})
    found = differ.compare(a, b, False, lambda: None)
    assert (found.differing, found.largest, found.where) == (3, INF, 77)
    wanted = torch.cat(list(differ.differences(a, b)))
    assert torch.equal(wanted.nan_to_num(), differ.difference(a, b).reshape(-1).nan_to_num())


def test_statistics_of_a_large_tensor_are_worked_out_once_after_each_verb() -> None:
    handler = Handler()
    handler.handle(Request(Load(parse("import torch\nx = torch.arange(100000.0)\ny = x + 1\n"))))
    want = Want(limit=100)
    first = handler.handle(Request(Forward(), want)).frame
    again = handler.handle(Request(Look(), want)).frame
    later = handler.handle(Request(Forward(), want)).frame
    assert first is not None
    assert again is not None
    assert later is not None
    assert first["y"].stats is not None
    assert first["y"].stats.maximum == 100000.0
    assert again["y"].stats is first["y"].stats
    assert later["y"].stats is not first["y"].stats
    assert later["y"].stats == first["y"].stats
