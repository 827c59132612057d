"""A wire that would close a cycle shows the cycle."""

from __future__ import annotations

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from guigrad.document.connect import cycle
from tests.ui.canvas.hand import LEFT, Hand


def test_the_cycle_is_named_and_drawn(hand: Hand) -> None:
    assert cycle(hand.document, "t4", "t2") == ("t2", "sq", "t3", "t4")
    assert cycle(hand.document, "t1", "t4") == ()
    reason = hand.view.intents.why_not_connect("t4", 0, "t2", "other")
    assert reason == "that closes a cycle: t2 → pow → t3 → t4 → t2"
    assert "its own input" in (hand.view.intents.why_not_connect("t2", 0, "t2", "other") or "")
    revision = hand.store.revision
    start, end = hand.port("t4", "out"), hand.port("t2", "in", 1)
    hand.press(start)
    for at in ((start + end) / 2, end):
        hand.move(at, LEFT)
    QApplication.processEvents()
    picture = hand.view.grab().toImage()
    red = hand.view.painter.ink.color("failed")
    scene, view = hand.view.scene, hand.view.viewport
    for key in ("t2", "sq", "t3", "t4"):
        x, y = view.to_screen(float(scene.x[scene.row[key]]) + 60, float(scene.y[scene.row[key]]) - 3)
        assert near(picture.pixelColor(round(x), round(y)), red), key
    x, y = view.to_screen(float(scene.x[scene.row["t1"]]) + 60, float(scene.y[scene.row["t1"]]) - 3)
    assert not near(picture.pixelColor(round(x), round(y)), red)
    hand.release(end)
    assert hand.store.revision == revision


def near(one: QColor, other: QColor) -> bool:
    return all(abs(a - b) < 60 for a, b in zip(one.getRgb()[:3], other.getRgb()[:3], strict=True))
