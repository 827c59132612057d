"""Which part of the canvas is on screen, and how large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from guigrad.ui.canvas.wire import Rect

if TYPE_CHECKING:
    from PySide6.QtCore import QRect

SMALLEST, LARGEST = 0.02, 4.0
"""Bounds of the zoom, before the lecture scale."""


class Wheel(Struct, frozen=True):
    """What a wheel does: ``mode`` "zoom", "pan", or "auto" (a mouse's wheel zooms, two fingers on a touchpad pan)."""

    mode: str = "auto"
    speed: float = 1.0
    invert: bool = False


class Viewport(Struct, frozen=True):
    """screen = world * scale + (left, top). Units: device-independent px; ``ratio`` is device px for one of them."""

    width: float
    height: float
    scale: float = 1.0
    left: float = 0.0
    top: float = 0.0
    ratio: float = 1.0

    @property
    def world(self) -> Rect:
        """What is on screen, in canvas units."""
        x, y = self.to_world(0, 0)
        right, bottom = self.to_world(self.width, self.height)
        return x, y, right, bottom

    def around(self, rect: QRect) -> Rect:
        """A rectangle of the screen in canvas units, with some px around it for what is smoothed."""
        left, top, right, bottom = rect.x() - 2, rect.y() - 2, rect.x() + rect.width() + 2, rect.y() + rect.height() + 2
        return (*self.to_world(left, top), *self.to_world(right, bottom))

    def to_world(self, x: float, y: float) -> tuple[float, float]:
        """From the screen to the canvas."""
        return (x - self.left) / self.scale, (y - self.top) / self.scale

    def to_screen(self, x: float, y: float) -> tuple[float, float]:
        """From the canvas to the screen."""
        return x * self.scale + self.left, y * self.scale + self.top

    def moved(self, dx: float, dy: float) -> Viewport:
        """Panned by so many px."""
        return Viewport(self.width, self.height, self.scale, round(self.left + dx), round(self.top + dy), self.ratio)

    def zoomed(self, factor: float, x: float, y: float, lecture: float = 1.0) -> Viewport:
        """Zoomed so that the point of the canvas under a point of the screen stays there."""
        scale = min(max(self.scale * factor, SMALLEST * lecture), LARGEST * lecture)
        wx, wy = self.to_world(x, y)
        return Viewport(self.width, self.height, scale, round(x - wx * scale), round(y - wy * scale), self.ratio)

    def resized(self, width: float, height: float, ratio: float) -> Viewport:
        """The same corner of the canvas in a window of another size."""
        return Viewport(width, height, self.scale, self.left, self.top, ratio)

    def fitted(self, rect: Rect, margin: float = 48.0, most: float = 1.0) -> Viewport:
        """All of a rectangle in view, in the middle, at most at scale ``most``."""
        width, height = max(rect[2] - rect[0], 1.0), max(rect[3] - rect[1], 1.0)
        room = max(self.width - 2 * margin, 40.0), max(self.height - 2 * margin, 40.0)
        scale = min(room[0] / width, room[1] / height, most)
        return self.centred((rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2, scale)

    def centred(self, x: float, y: float, scale: float | None = None) -> Viewport:
        """A point of the canvas in the middle of the screen."""
        scale = self.scale if scale is None else scale
        left, top = round(self.width / 2 - x * scale), round(self.height / 2 - y * scale)
        return Viewport(self.width, self.height, scale, left, top, self.ratio)
