"""Recordings stay within bounds and forget nothing that they promise to keep."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from guigrad.document.array import ArrayData
from guigrad.document.model import Document
from guigrad.run.frame import Frame, Record
from guigrad.run.recording import Recording
from guigrad.run.series import Series
from guigrad.run.shelf import RECENT, Shelf
from guigrad.run.training import Moment, PackedTensor, Trained, Until, Watch, until_of, watch_of

numbers = st.floats(width=32) | st.sampled_from([0.0, 1.0, math.nan, math.inf, -math.inf])


@given(st.lists(numbers, max_size=200), st.integers(2, 20), st.integers(1, 5))
def test_a_series_keeps_least_greatest_and_last_of_every_bucket(values: list[float], limit: int, first: int) -> None:
    series = Series(first, limit)
    for value in values:
        series.append(value)
    assert len(series) <= series.limit
    assert series.count == len(values)
    assert series.nans == sum(map(math.isnan, values))
    for at, (step, low, high, last) in enumerate(series.points()):
        bucket = values[at * series.stride : (at + 1) * series.stride]
        real = [value for value in bucket if not math.isnan(value)]
        assert step == min(first + (at + 1) * series.stride - 1, series.end)
        assert _same(last, bucket[-1])
        assert _same(low, min(real, default=math.nan))
        assert _same(high, max(real, default=math.nan))
    if len(values) <= series.limit:
        assert series.stride == 1
        assert all(map(_same, series.values, values))


@given(st.lists(numbers, max_size=60), st.integers(2, 16), st.integers(0, 60))
def test_a_cut_series_is_the_series_of_fewer_steps(values: list[float], limit: int, end: int) -> None:
    series = Series(1, limit)
    series.extend(values)
    cut = series.cut(end)
    assert cut.end <= max(0, min(end, len(values)))
    assert all(map(_same, cut.values, series.values))
    if series.stride == 1:
        assert cut.end == min(end, len(values))


@given(st.lists(st.integers(1, 500), min_size=1, max_size=150, unique=True), st.integers(0, 6))
def test_a_shelf_thins_evenly_and_keeps_the_last(steps: list[int], times: int) -> None:
    shelf: Shelf[int] = Shelf()
    marked = {steps[0]}
    for step in sorted(steps):
        shelf.put(step, step, 10, marked)
    for _ in range(times):
        before = len(shelf)
        gone = shelf.thin(marked)
        assert len(shelf) == before - len(gone)
        assert gone or not before
    assert shelf.size_bytes == 10 * len(shelf)
    if len(shelf) > RECENT:
        assert sorted(steps)[-1] in shelf
        assert steps[0] in shelf
    for step in shelf.steps:
        assert shelf.get(step) == step
    assert shelf.before(501) == (shelf.steps[-1] if len(shelf) else None)


def moment(step: int, *contents: bytes) -> Moment:
    names = tuple(f"{data[:8]!r}{len(data)}" for data in contents)
    tensors = tuple(PackedTensor(at, "uint8", (len(data),), (1,)) for at, data in enumerate(contents))
    return Moment(step, (("loop", step),), (), tensors, names, dict(zip(names, contents, strict=True)), {})


@given(st.integers(2_000, 60_000), st.lists(st.integers(1, 300), min_size=1, max_size=60))
def test_a_recording_never_takes_more_than_its_budget(budget: int, sizes: list[int]) -> None:
    recording = Recording(Document(), budget, points=50)
    data = b"x" * 700
    for step, size in enumerate(sizes, 1):
        recording.add(
            Trained(
                step,
                first=step,
                watched=("loss",),
                series=((float(size),),),
                moment=moment(step, data, bytes([size % 256]) * size),
            )
        )
        value = ArrayData("uint8", (size,), (1,), b"y" * size)
        recording.add_frame(step, Frame(records={"a": Record("a", "a", "torch.ones", value=value)}))
        assert recording.size_bytes <= budget + 8 * 3 * 50
    assert recording.step == len(sizes)
    nearest = recording.nearest(len(sizes) + 1)
    if nearest is not None:
        assert set(nearest.blobs) == set(nearest.storages)
        assert all(nearest.blobs.values())
    recording.set_budget(0)
    assert (recording.frames, recording.nearest(99)) == ((), None)
    assert recording.size_bytes <= 8 * 3 * 50
    assert not recording._blobs


def test_moments_share_what_does_not_change() -> None:
    recording = Recording()
    data = b"z" * 10_000
    for step in range(1, 6):
        recording.add(Trained(step, first=step))
        recording.add_moment(moment(step, data, bytes([step])))
    assert 10_000 < recording.size_bytes < 20_000
    nearest = recording.nearest(4)
    assert nearest is not None
    assert (nearest.step, list(nearest.blobs.values())) == (3, [data, b"\x03"])


def test_a_branch_goes_on_from_a_step_and_leaves_the_other_run_as_it_is() -> None:
    recording = Recording()
    recording.add(Trained(4, first=1, watched=("loss",), series=((4.0, 3.0, 2.0, 1.0),)))
    recording.bookmark(2, "here")
    recording.branch(2)
    recording.add(Trained(4, first=3, watched=("loss",), series=((30.0, 20.0),)))
    assert recording.loss == (4, 3, 30, 20)
    assert recording.runs[0].series["loss"].values == (4, 3, 2, 1)
    recording.go(0)
    assert recording.loss == (4, 3, 2, 1)
    assert recording.bookmarks == {(0, 2): "here"}
    recording.branch(0)
    recording.add(Trained(1, first=1, watched=("loss",), series=((7.0,),)))
    assert recording.loss == (7.0,)


def test_steps_that_are_told_twice_count_once_and_gaps_are_nan() -> None:
    recording = Recording()
    recording.add(Trained(2, first=1, watched=("loss",), series=((2.0, 1.0),)))
    recording.add(Trained(3, first=2, watched=("loss",), series=((1.0, 0.5),)))
    recording.add(Trained(6, first=5, watched=("loss",), series=((0.2, 0.1),)))
    assert recording.loss[:3] == (2.0, 1.0, 0.5)
    assert math.isnan(recording.loss[3])
    assert recording.loss[4:] == (0.2, 0.1)


def test_conditions_and_watches_are_read_never_evaluated() -> None:
    assert until_of("loss<1e-3") == Until(Watch("loss"), "<", 0.001)
    assert until_of(" step >= 10 ") == Until(None, ">=", 10.0)
    assert until_of("norm(w.grad) <= .5") == Until(Watch("w", "grad", "norm"), "<=", 0.5)
    for text in (
        "",
        "loss",
        "loss < x",
        "loss < nan",
        "a < b < 1",
        "f(x) < 1",
        "__import__('os').system('x') < 1",
        "loss = 1",
    ):
        assert not isinstance(until_of(text), Until), text
    assert [watch_of(text) for text in ("loss", "split[1]", "w@1.grad", "update(w)", "absmax(h)")] == [
        Watch("loss"), Watch("split[1]"), Watch("w@1", "grad"), Watch("w", "update"), Watch("h", "value", "absmax"),
    ]  # fmt: skip
    for text in ("loss", "norm(w.grad)", "update(w)"):
        watch = watch_of(text)
        assert isinstance(watch, Watch)
        assert watch.text == text


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))
