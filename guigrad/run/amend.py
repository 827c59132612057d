"""Backwards that were asked for, changed: what fixes and switches do to verbs that are played again."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from guigrad.document.array import NUMPY, ArrayData
from guigrad.run.frame import Record
from guigrad.run.request import Backward, Verb


def amended(verb: Verb, **fields: Any) -> Verb:
    """A backward with some fields changed; any other verb as it is."""
    return structs.replace(verb, **fields) if isinstance(verb, Backward) else verb


def ones_like(record: Record | None) -> ArrayData | None:
    """A vector of ones for a root; None for one that has no shape yet, or elements that NumPy does not know."""
    if record is None or record.shape is None or record.dtype not in NUMPY:
        return None
    import numpy as np  # late: opening a document needs no NumPy

    ones = np.ones(record.shape, NUMPY[record.dtype])
    strides = tuple(step // ones.itemsize for step in ones.strides)
    return ArrayData(record.dtype, record.shape, strides, ones.tobytes())
