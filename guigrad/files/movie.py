"""Moving pictures: GIF by Pillow, MP4 by PyAV. Pictures go out one by one, so that the longest film takes no more memory than two of them.

Both libraries are imported when the first film is written. A film that is not finished leaves no file.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from guigrad.document.file import replacing

FORMATS: Final = (".gif", ".mp4")
FASTEST: Final = {".gif": 50, ".mp4": 60}
"""Pictures a second. Viewers slow a GIF down that wants more."""
CODECS: Final = ("libx264", "libopenh264", "h264_videotoolbox", "h264_mf")
"""Encoders of H.264, which every player shows; the first that there is."""

Picture = np.ndarray[Any, np.dtype[np.uint8]]


class Movie(Protocol):
    """A film that is being written."""

    def add(self, picture: Picture, seconds: float) -> None:
        """One more picture, shown so long. Shapes: picture [height, width, 3], red, green, blue"""


@contextlib.contextmanager
def writing(path: str | os.PathLike[str], size: tuple[int, int], fps: int) -> Iterator[Movie]:
    """A film of a size in px, (width, height), both even; the file is there when the block ends well, and as it was when it does not.

    Raises: ValueError for another ending than .gif or .mp4; OSError when it cannot be written, or a library or codec is missing.
    """
    ending = Path(path).suffix.lower()
    if ending not in FORMATS:
        raise ValueError(f"{Path(path).name}: a film ends in {' or '.join(FORMATS)}")
    with replacing(path) as temporary:
        if ending == ".gif":
            with open(temporary, "wb") as file:
                gif = _Gif(file, size)
                yield gif
                gif.end()
        else:
            yield from _mp4(temporary, size, fps)


class _Gif:
    """Only what differs from the picture before is written, with colours of its own."""

    def __init__(self, file: Any, size: tuple[int, int]) -> None:
        self._image = _library("PIL.Image", "pillow")
        self._file = file
        self._shown: Picture | None = None
        self._waits: tuple[Picture, int, int] | None = None
        self._told = self._time = Fraction(0)
        file.write(b"GIF89a" + struct.pack("<HHBBB", *size, 0x70, 0, 0))
        file.write(b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")  # plays for ever

    def add(self, picture: Picture, seconds: float) -> None:
        """One more picture."""
        changed = _changed(self._shown, picture)
        if changed is not None:
            self._write()
            top, bottom, left, right = changed
            self._waits = (picture[top:bottom, left:right].copy(), left, top)
            self._shown = picture.copy()
        self._time += Fraction(seconds)

    def end(self) -> None:
        """The last picture, and the end."""
        self._write()
        self._file.write(b";")

    def _write(self) -> None:
        if self._waits is None:
            return
        piece, left, top = self._waits
        hundredths = max(2, round((self._time - self._told) * 100))
        self._told += Fraction(hundredths, 100)
        image = self._image.fromarray(piece).quantize(256, dither=self._image.Dither.NONE)
        self._file.write(struct.pack("<4sHBx", b"!\xf9\x04\x04", hundredths, 0) + _block(image, left, top))
        self._waits = None


def _block(image: Any, left: int, top: int) -> bytes:
    """A picture with its colours as a block inside a GIF: what Pillow makes of it, taken out of a file of its own."""
    whole = io.BytesIO()
    image.save(whole, "GIF", interlace=0)
    data = whole.getvalue()
    at = 13 + 3 * (2 << (data[10] & 7))
    colors, size = data[13:at], data[10] & 7
    while data[at] == 0x21:  # extensions
        at += 2
        while data[at]:
            at += data[at] + 1
        at += 1
    _, _, _, width, height, _ = struct.unpack("<BHHHHB", data[at : at + 10])
    return struct.pack("<BHHHHB", 0x2C, left, top, width, height, 0x80 | size) + colors + data[at + 10 : -1]


def _changed(before: Picture | None, after: Picture) -> tuple[int, int, int, int] | None:
    """(top, bottom, left, right) around what differs; None for nothing."""
    height, width, _ = after.shape
    if before is None:
        return 0, height, 0, width
    differs = (before != after).any(axis=2)
    rows, columns = np.nonzero(differs.any(axis=1))[0], np.nonzero(differs.any(axis=0))[0]
    if not len(rows):
        return None
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _mp4(path: str, size: tuple[int, int], fps: int) -> Iterator[Movie]:
    av = _library("av", "av")
    try:
        with av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as container:
            stream = container.add_stream(_codec(av), rate=fps)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            stream.options = {"crf": "18", "preset": "medium"}
            context = stream.codec_context
            context.colorspace = context.color_primaries = context.color_trc = 1  # ITU-R BT.709, said in the file
            yield _Mp4(av, container, stream, fps)
            for packet in stream.encode():
                container.mux(packet)
    except av.error.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise OSError(f"the film could not be encoded: {error}") from error


class _Mp4:
    def __init__(self, av: Any, container: Any, stream: Any, fps: int) -> None:
        self._av, self._container, self._stream, self._fps = av, container, stream, fps
        self._count, self._time = 0, Fraction(0)

    def add(self, picture: Picture, seconds: float) -> None:
        """One more picture, as often as it takes."""
        self._time += Fraction(seconds)
        until = max(round(self._time * self._fps), self._count + 1)
        plain = self._av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame = plain.reformat(format="yuv420p", dst_colorspace="ITU709")
        while self._count < until:
            frame.pts, frame.time_base = self._count, Fraction(1, self._fps)
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
            self._count += 1


def _codec(av: Any) -> str:
    for name in CODECS:
        if name in av.codecs_available:
            return name
    raise OSError("this PyAV has no encoder for H.264: install the av package from PyPI, or write a .gif")


def _library(name: str, package: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise OSError(f"films need the package {package}, which cannot be imported: {error}") from error
