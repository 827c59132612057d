"""What a step did to the parameters, below their cards."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from PySide6.QtGui import QColor, QImage, QPainter

from guigrad.document.diff import Diff
from guigrad.document.model import View
from guigrad.run.frame import Frame, Record
from guigrad.ui.canvas import damage, legend, updates
from guigrad.ui.canvas.painter import Painter
from guigrad.ui.canvas.scene import Scene
from guigrad.ui.canvas.updates import Updates, change, signed
from guigrad.ui.canvas.viewport import Viewport
from guigrad.ui.theme import theme
from tests.ui.canvas.holder import canvas
from tests.ui.canvas.samples import data, lesson, lesson_frame

floats = st.lists(st.floats(width=32), min_size=1, max_size=90)


def leaf(values: object, **more: object) -> Record:
    array = np.asarray(values, np.float32)
    return Record(
        "w", "w", "torch.tensor", "fresh", "Tensor", data(array), **{"is_leaf": True, "requires_grad": True, **more}
    )  # type: ignore[arg-type]


@settings(max_examples=80, deadline=None)
@given(floats, st.data())
def test_changes_are_the_differences_of_the_bits(old: list[float], more: st.DataObject) -> None:
    new = more.draw(st.lists(st.floats(width=32), min_size=len(old), max_size=len(old)))
    made = change(leaf(old), leaf(new), True)
    with np.errstate(invalid="ignore"):
        delta = np.array(new, np.float64) - np.array(old, np.float64)
    if made is None:
        assert not delta.any() or np.array_equal(old, new, equal_nan=True)
        return
    assert made.largest == pytest.approx(np.abs(delta).max(), nan_ok=True) or math.isnan(made.largest)
    if len(old) == 1:
        assert made.numbers is not None
        np.testing.assert_array_equal(made.numbers, (old[0], delta[0], new[0]))
        return
    assert made.strips is not None
    assert {len(strip) for strip in made.strips} == {len(made.strips[0])}
    if len(old) <= updates.CELLS and np.isfinite(delta).all():
        signs = np.sign(made.strips[1].astype(int) - 127)
        assert ((signs == np.sign(delta)) | (np.abs(delta) < np.abs(delta).max() / 100)).all()


@pytest.mark.parametrize(
    ("before", "after", "source"),
    [
        (None, leaf([1.0]), True),
        (leaf([1.0]), None, True),
        (leaf([1.0]), leaf([1.0]), True),
        (leaf([0.0]), leaf([-0.0]), True),
        (leaf([1.0]), leaf([[1.0, 2.0]]), True),
        (leaf([1.0], is_leaf=False), leaf([2.0], is_leaf=False), False),
        (leaf([1.0]), structs.replace(leaf([1.0]), value=None), True),
        (structs.replace(leaf([1.0]), value=3), leaf([1.0]), True),
        (structs.replace(leaf([1]), value=data(np.array([1]))), structs.replace(leaf([1]), value=data(np.array([2]))), True),
        (leaf(np.zeros((0, 2))), leaf(np.zeros((0, 2))), True),
    ],
)  # fmt: skip
def test_what_is_no_change_of_a_parameter(before: Record | None, after: Record | None, source: bool) -> None:
    assert change(before, after, source) is None


def test_a_change_has_its_sign() -> None:
    assert (signed(0.0123), signed(-0.0123), signed(math.nan)) == ("+0.0123", "−0.0123", "nan")


def moved_frame(by: float) -> tuple[Frame, Frame]:
    """The lesson's frame, and that after a step."""
    frame = lesson_frame()
    record = frame.records["t1"]
    after = structs.replace(record, value=data(record.value.numpy() - np.float32(by)))
    return frame, structs.replace(frame, records={**frame.records, "t1": after})


def paint(scene: Scene, shown: Updates | None, opened: str = "") -> np.ndarray:
    painter = Painter(scene, "dark")
    painter.rest, painter.updates, painter.opened = True, shown, opened
    image = QImage(1000, 600, QImage.Format.Format_RGB32)
    p = QPainter(image)
    painter.paint(p, Viewport(1000, 600, 1.0, 20.0, 20.0), exact=True)
    p.end()
    return np.array(image.constBits()).reshape(600, 1000, 4)[:, :, :3].astype(int)


def test_a_tab_hangs_below_the_card_and_opens_under_the_pointer() -> None:
    before, after = moved_frame(0.25)
    scene = Scene(lesson())
    scene.faces.set_frame(after)
    shown = Updates(before, after, "step 3 → 4")
    plain, closed, opened = paint(scene, None), paint(scene, shown), paint(scene, shown, "t1")
    row = scene.row["t1"]
    bottom = int(20 + scene.y[row] + scene.height[row])
    left = int(20 + scene.x[row])
    for picture, tall in ((closed, updates.LINE), (opened, updates.OPEN)):
        rows, columns = np.nonzero((picture != plain).any(axis=2))
        assert bottom < rows.min()
        assert rows.max() <= bottom + updates.GAP + tall + 1
        assert left - 1 <= columns.min()
        assert columns.max() <= left + scene.width[row] + 1
    blue = QColor(theme("dark").heat["value"][0])  # every element became smaller
    assert (closed == (blue.blue(), blue.green(), blue.red())).all(axis=2).sum() > 300
    scene.faces.set_frame(before)  # another moment than that after the step
    assert (paint(scene, shown) == paint(scene, None)).all()


def test_the_canvas_says_between_which_steps() -> None:
    before, after = moved_frame(0.25)
    view, store = canvas(lesson(), (1200, 800))
    view.set_frame(after)
    view.set_updates(Updates(before, after, "step 3 → 4"))
    view.grab()
    key = legend.key_of(view.painter, view.viewport)
    assert key is not None
    assert key.note == "values step 3 → 4"
    view.set_gradients(False)
    key = legend.key_of(view.painter, view.viewport)
    assert key == legend.Key(note="values step 3 → 4")
    marks = set(damage._marks(view))
    old = store.document.views["t1"]
    store.commit(Diff(label="Move", views={"t1": (old, View(old.x + 30, old.y))}))
    view._on_rest()
    view.grab()
    assert len(marks ^ set(damage._marks(view))) >= 2  # the tab is elsewhere: what lay below it is painted again
    view.set_frame(before)
    view.grab()
    assert view.legend.key is None
