"""Room for walking deep trees."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_FRAMES: Final = 20_000


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Inside, functions may nest as deep as a long chain of methods needs (plain Python frames take no C stack)."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
