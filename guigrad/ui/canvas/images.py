"""A picture as a tensor: floats from 0 to 1, (channels, rows, columns), or (rows, columns) where it is grey."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from guigrad.document.array import ArrayData
from guigrad.document.tensors import contiguous

SIDE: Final = 512
"""A larger picture is made smaller, as far as to this side."""
LIMIT_SIDE: Final = 16_384


class ImageError(ValueError):
    """Why a picture cannot become a tensor, in words."""


def image_array(image: QImage) -> ArrayData:
    """The picture's values as torchvision's ``to_tensor`` gives them; transparency is left out, a picture without colours is grey.

    Raises: ImageError.
    """
    if image.isNull() or not image.width() or not image.height():
        raise ImageError("this is no picture that can be read")
    if max(image.width(), image.height()) > LIMIT_SIDE:
        raise ImageError(f"a picture of {image.width()} × {image.height()} is too large")
    if max(image.width(), image.height()) > SIDE:
        image = image.scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    rows, columns = plain.height(), plain.width()
    lines = np.frombuffer(plain.constBits(), np.uint8).reshape(rows, plain.bytesPerLine())
    pixels = lines[:, : columns * 3].reshape(rows, columns, 3)
    grey = bool((pixels[:, :, 0] == pixels[:, :, 1]).all() and (pixels[:, :, 1] == pixels[:, :, 2]).all())
    values = pixels[:, :, 0] if grey else pixels.transpose(2, 0, 1)
    data = (np.ascontiguousarray(values).astype(np.float32) / np.float32(255)).astype("<f4")
    return ArrayData("float32", data.shape, contiguous(data.shape), data.tobytes())
