"""NumPy arrays as the C arrays that QPainter's batch calls take."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import numpy as np
import shiboken6

T = TypeVar("T")


def c_array(array: np.ndarray[Any, Any], kind: type[T]) -> T:
    """A C-contiguous array seen as an array of Qt values: QLineF is 4 float64, QRectF 4 float64, QRect 4 int32, PixmapFragment 10 float64.

    The result points into ``array``: keep that alive until the call that uses it has returned.
    """
    assert array.flags.c_contiguous
    return cast(T, shiboken6.wrapInstance(array.ctypes.data, kind))
