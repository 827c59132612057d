"""Measures of a node's card. Units: canvas units, which are px at zoom 1."""

from __future__ import annotations

from typing import Final

WIDTH: Final = 176.0
TITLE: Final = 32.0
"""Height of the title row; a collapsed card is this and no more."""
CORNER: Final = 10.0
INSET: Final = 13.0
"""From the card's edge to its texts."""
CELLS_LEFT: Final = 50.0
CELLS_WIDTH: Final = WIDTH - CELLS_LEFT - 14.0
PORT_ROW: Final = 17.0
LINE: Final = 14.0
"""Height of a value or gradient that takes one line."""
GAP: Final = 8.5
"""Above, between and below the value and the gradient row."""
FOOT: Final = 24.0
PORT: Final = 4.5
"""Radius of a port's dot."""
REACH: Final = 11.0
"""How far from its middle a port can be caught."""
MARGIN: Final = 7.0
"""Around a card: shadow, glow and ports stick out of it."""
DOTS: Final = 24.0
"""Distance of the background's dots."""

HEIGHTS: Final = (LINE, LINE, 24.0, 30.0, 38.0)
"""Height of cells in 0, 1, 2, 3 and 4 or more rows."""

DETAIL: Final = 0.45
"""Zoom from which faces show everything."""
FACES: Final = 320
"""Most cards shown in detail at once."""
BLOCKS: Final = 0.15
"""Zoom under which a node is one coloured block."""
STRAIGHT: Final = 0.12
"""Zoom under which wires are straight."""


def cells_height(rows: int) -> float:
    """The height that cells in so many rows take."""
    return HEIGHTS[min(rows, len(HEIGHTS) - 1)]


def ports_height(rows: int) -> float:
    """The height of the named port rows between title and value."""
    return rows * PORT_ROW + 4.0 if rows else 0.0


def card_height(port_rows: int, value: float = LINE, grad: float = LINE) -> float:
    """The height of a whole card."""
    return TITLE + ports_height(port_rows) + GAP + value + GAP + grad + GAP + FOOT


def value_middle(port_rows: int, value: float = LINE) -> float:
    """Where the middle of the value row lies, from the card's top; a single output port is there."""
    return TITLE + ports_height(port_rows) + GAP + value / 2


def port_middle(index: int) -> float:
    """Where the middle of a named port row lies, from the card's top."""
    return TITLE + 4.0 + (index + 0.5) * PORT_ROW
