"""Curated rows: reduce."""

from __future__ import annotations

from guigrad.ops.spec import OpSpec

ROWS: tuple[OpSpec, ...] = ()
