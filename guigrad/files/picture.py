"""Pictures that carry their document: PNG in a compressed ``iTXt`` chunk, SVG in ``<metadata>``."""

from __future__ import annotations

import base64
import binascii
import re
import struct
import zlib
from collections.abc import Iterator

from guigrad.document.file import failure
from guigrad.document.tensors import inflate

LIMIT_BYTES = 1 << 28
"""No document inside a picture is longer than this."""

_PNG = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"guigrad"
_SVG = re.compile(rb"<(?:\w+:)?svg\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_ELEMENT = re.compile(rb"<metadata><guigrad:document [^>]*>([A-Za-z0-9+/=\s]*)</guigrad:document></metadata>\n?")
_OPEN = b'<metadata><guigrad:document xmlns:guigrad="urn:guigrad:document" encoding="base64 zlib">'
_CLOSE = b"</guigrad:document></metadata>\n"


def embed_png(picture: bytes, document: bytes) -> bytes:
    """The PNG with a document inside, in place of one that it had.

    Raises: ValueError when it is no PNG.
    """
    parts = [_PNG]
    for kind, body in _chunks(picture):
        if kind == b"iTXt" and body.startswith(_KEYWORD + b"\0"):
            continue
        if kind == b"IEND":
            text = _KEYWORD + b"\0\1\0\0\0" + zlib.compress(document, 9)
            parts.append(_chunk(b"iTXt", text))
        parts.append(_chunk(kind, body))
    return b"".join(parts)


def embed_svg(picture: bytes, document: bytes) -> bytes:
    """The SVG with a document inside, in place of one that it had.

    Raises: ValueError when it is no SVG.
    """
    bare = _ELEMENT.sub(b"", picture)
    found = _SVG.search(bare)
    if found is None or found[0].endswith(b"/>"):
        raise ValueError("this is no SVG picture with anything in it")
    element = _OPEN + base64.b64encode(zlib.compress(document, 9)) + _CLOSE
    return bare[: found.end()] + element + bare[found.end() :]


def extract(picture: bytes, path: str = "") -> bytes:
    """The document that a PNG or SVG carries.

    Nothing is parsed as XML, so entities cannot do harm.
    Raises: ProblemError when it carries none, or a damaged one.
    """
    try:
        return _from_png(picture) if picture.startswith(_PNG) else _from_svg(picture)
    except ValueError as error:
        raise failure(str(error), path, why="Only pictures that guigrad saved carry a document.") from None


def _from_png(picture: bytes) -> bytes:
    for kind, body in _chunks(picture):
        if kind == b"iTXt" and body.startswith(_KEYWORD + b"\0"):
            if body[8:10] != b"\1\0" or b"\0" not in body[10:] or body[10:].count(b"\0") < 2:
                raise ValueError("the document in this picture is damaged")
            _, _, text = body[10:].split(b"\0", 2)
            return inflate(text, LIMIT_BYTES)
    raise ValueError("this picture carries no document")


def _from_svg(picture: bytes) -> bytes:
    found = _ELEMENT.search(picture)
    if found is None:
        raise ValueError("this picture carries no document")
    try:
        return inflate(base64.b64decode(b"".join(found[1].split()), validate=True), LIMIT_BYTES)
    except binascii.Error:
        raise ValueError("the document in this picture is damaged") from None


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not picture.startswith(_PNG):
        raise ValueError("this is no PNG picture")
    at = len(_PNG)
    while True:
        if at + 12 > len(picture):
            raise ValueError("this PNG picture is cut off")
        (length,) = struct.unpack_from(">I", picture, at)
        kind, body = picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        if len(body) < length or at + 12 + length > len(picture):
            raise ValueError("this PNG picture is cut off")
        if struct.unpack_from(">I", picture, at + 8 + length)[0] != zlib.crc32(kind + body):
            raise ValueError("this PNG picture is damaged")
        yield kind, body
        if kind == b"IEND":
            return
        at += 12 + length
