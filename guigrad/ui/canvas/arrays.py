"""NumPy arrays as the C arrays that QPainter's batch calls take."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import numpy as np
import shiboken6

T = TypeVar("T")


def c_array(array: np.ndarray[Any, Any], kind: type[T]) -> T:
    """A C-contiguous array seen as an array of Qt values: QLineF is 4 float64, QRectF 4 float64, QRect 4 int32, PixmapFragment 10 float64.

    The result points into ``array`` and keeps it alive: an array made in the argument itself would else be freed before the call that draws it.
    """
    assert array.flags.c_contiguous
    seen = cast(Any, shiboken6.wrapInstance(array.ctypes.data, kind))
    seen.array = array
    return cast(T, seen)
