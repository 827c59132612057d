"""Documents inside pictures."""

from __future__ import annotations

import base64
import struct
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guigrad.document.problem import ProblemError
from guigrad.files import picture
from guigrad.files.picture import embed_png, embed_svg, extract


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(b"\0\0"))
    + chunk(b"IEND", b"")
)
SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" data-x="a>b" width="2"><rect/></svg>\n'


@given(st.binary(max_size=300))
def test_documents_come_back(document: bytes) -> None:
    assert extract(embed_png(PNG, document)) == document
    assert extract(embed_svg(SVG, document)) == document
    assert extract(embed_png(embed_png(PNG, b"old"), document)) == document
    again = embed_svg(embed_svg(SVG, b"old"), document)
    assert extract(again) == document
    assert again.count(b"guigrad:document ") == 1


def test_the_pictures_stay_pictures() -> None:
    from xml.etree import ElementTree

    root = ElementTree.fromstring(embed_svg(SVG, b"{}"))
    assert [child.tag.rpartition("}")[2] for child in root] == ["metadata", "rect"]
    made = embed_png(PNG, b"{}")
    assert made.startswith(PNG[:-12])
    assert made.endswith(PNG[-12:])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        PNG,
        SVG,
        PNG[:-5],
        embed_png(PNG, b"x" * 50)[:-30],
        PNG[:-12] + chunk(b"iTXt", b"guigrad\0\1\0\0\0garbage") + PNG[-12:],
        PNG[:-12] + chunk(b"iTXt", b"guigrad\0") + PNG[-12:],
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0xFFFFFFFF) + b"iTXt",
        embed_svg(SVG, b"x").replace(b">eN", b">AA"),
    ],
)
def test_pictures_without_a_document_or_with_a_damaged_one(data: bytes) -> None:
    with pytest.raises(ProblemError):
        extract(data)


def test_a_bomb_is_not_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "LIMIT_BYTES", 1000)
    for data in (embed_png(PNG, bytes(10_000)), embed_svg(SVG, bytes(10_000))):
        with pytest.raises(ProblemError):
            extract(data)
    assert b"&" not in base64.b64encode(b"any")  # nothing in it that XML would read


@given(st.data())
def test_damaged_pictures_never_raise_anything_else(data: Any) -> None:
    raw = bytearray(data.draw(st.sampled_from((embed_png(PNG, b"document"), embed_svg(SVG, b"document")))))
    for _ in range(3):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    found = b""
    with suppress(ProblemError):
        found = extract(bytes(raw))
    assert len(found) <= len(raw)
