"""Opening a file of any kind that carries a document."""

from __future__ import annotations

import io
import os
import tokenize
from pathlib import Path

from guigrad.document.file import failure, read, read_bytes
from guigrad.document.model import Document
from guigrad.source.parse.parser import parse

_LATER = {".ipynb": "notebooks", ".png": "pictures", ".svg": "pictures"}


def load(path: str | os.PathLike[str]) -> Document:
    """The document in a ``.guigrad`` file or a Python script; ``problems`` tell what could not be understood.

    Raises: ProblemError when nothing at all could be read.
    """
    name = os.fspath(path)
    suffix = Path(name).suffix.lower()
    data = read_bytes(name)
    if suffix in _LATER:
        raise failure(f"{_LATER[suffix]} cannot be opened yet", name)
    if suffix != ".py":
        return read(data, name)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise failure(f"this is no Python text: {error}", name) from None
    return parse(text, name)
