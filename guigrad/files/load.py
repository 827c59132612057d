"""Opening a file of any kind that carries a document."""

from __future__ import annotations

import io
import os
import tokenize
from pathlib import Path

from msgspec import structs

from guigrad.document.file import failure, read, read_bytes
from guigrad.document.model import Document
from guigrad.document.problem import ProblemError
from guigrad.files.notebook import embedded, read_notebook
from guigrad.files.picture import extract
from guigrad.source.parse.parser import parse


def load(path: str | os.PathLike[str]) -> Document:
    """The document in a ``.guigrad`` file, a Python script, a notebook, or a picture that carries one; ``problems`` tell what could
    not be understood.

    Raises: ProblemError when nothing at all could be read.
    """
    name = os.fspath(path)
    data = read_bytes(name)
    try:
        return _opened(data, name)
    except ProblemError as error:
        first, *rest = error.problems
        if first.message.startswith(name):
            raise
        raise ProblemError((structs.replace(first, message=f"{name}: {first.message}"), *rest)) from None


def _opened(data: bytes, name: str) -> Document:
    suffix = Path(name).suffix.lower()
    if suffix in (".png", ".svg") or data.startswith(b"\x89PNG"):
        return read(extract(data, name), name)
    if suffix == ".ipynb":
        if (kept := embedded(data)) is not None:
            return structs.replace(kept, path=name)
        text, problems = read_notebook(data, name)
        document = parse(text, name)
        return structs.replace(document, problems=(*problems, *document.problems))
    if suffix != ".py":
        return read(data, name)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise failure(f"this is no Python text: {error}", name) from None
    return parse(text, name)
