"""Jupyter notebooks: the code of their cells, and scripts as notebooks."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

from guigrad.document.encode import encode
from guigrad.document.file import LIMIT_BYTES, MADE_WITH, failure, read
from guigrad.document.model import Document, Effect, Eval, Item, item_key
from guigrad.document.problem import Problem, ProblemError
from guigrad.source.emit import emit_lines

_MAGIC = re.compile(r"\s*[%!?]|\s*[\w.]+\?\??\s*$")


def read_notebook(data: bytes, path: str = "") -> tuple[str, tuple[Problem, ...]]:
    """The code cells of a notebook as one script, a blank line between them; outputs and text cells are left out.

    Lines that only IPython understands (``%matplotlib``, ``!pip``, ``x?``) become comments, each with a warning.
    Raises: ProblemError when it is no notebook, or one of another language.
    """
    try:
        raw = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise failure(f"this is no notebook: {error}", path) from None
    cells = _cells(raw)
    if cells is None:
        raise failure("this is no notebook: it has no cells", path)
    language = _language(raw)
    if language != "python":
        raise failure(f"this notebook is written in {language[:40]}, not in Python", path)
    lines: list[str] = []
    problems: list[Problem] = []
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        text = _text(cell.get("source", cell.get("input", "")))
        if lines and text.strip():
            lines.append("")
        for line in text.splitlines():
            if _MAGIC.match(line):
                lines.append(f"# {line.strip()}")
                problems.append(
                    Problem(
                        f"left out, for it is IPython's: {line.strip()[:80]}",
                        "syntax",
                        line=len(lines),
                        severity="warning",
                    )
                )
            else:
                lines.append(line)
    return "\n".join(lines) + "\n", tuple(problems)


def document_notebook(document: Document) -> bytes:
    """A document as a notebook: its script, a cell for each part, and the document itself in the metadata.

    Parts are the imports, each function, the data, the other leaves, what is computed of them, each loop, and what comes behind.
    """
    text, places = emit_lines(document)
    lines = text.split("\n")
    cuts: set[int] = set()
    data = {key for each in document.datasets.values() for key in each.leaves()}
    before = ""
    for item in document.program:
        line = places.get(item_key(item), 0)
        kind = _kind(document, item, data)
        if line and kind != before:
            while line > 1 and lines[line - 2].startswith("#"):  # its comments
                line -= 1
            cuts.add(line)
        before = kind
    marked = "\n".join(f"\n{line}" if number in cuts else line for number, line in enumerate(lines, 1))
    embedded = base64.b64encode(zlib.compress(encode(document, MADE_WITH), 9)).decode()
    return write_notebook(marked, {"guigrad": {"document": embedded}})


def _kind(document: Document, item: Item, data: set[str]) -> str:
    """What part of a notebook an item belongs to."""
    key = item_key(item)
    if not isinstance(item, Eval | Effect):
        return key  # a cell of its own
    node = document.nodes[key]
    if key in data:
        return "data"
    if (
        node.op == "torch.manual_seed"
        or not any(wire.node for wire in node.inputs())
        or node.op.startswith("torch.optim.")
    ):
        return "leaves"
    return "effects" if isinstance(item, Effect) else "values"


def embedded(data: bytes) -> Document | None:
    """The document that a notebook carries; None where there is none, or its cells were changed since."""
    try:
        raw = json.loads(data.decode("utf-8-sig"))
        kept = zlib.decompressobj()
        packed = kept.decompress(base64.b64decode(raw["metadata"]["guigrad"]["document"], validate=True), LIMIT_BYTES)
        found = read(packed)
        same = read_notebook(data)[0] == read_notebook(document_notebook(found))[0]
    except (ValueError, KeyError, TypeError, RecursionError, zlib.error, ProblemError):
        return None
    return found if same else None


def write_notebook(source: str, metadata: Mapping[str, object] | None = None) -> bytes:
    """A script as a notebook: a cell for each part that a blank line and an unindented line separate."""
    parts = [part.strip("\n") for part in re.split(r"\n\s*\n(?=\S)", source)]
    cells: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{number}",
            "metadata": {},
            "outputs": [],
            "source": part.splitlines(keepends=True),
        }
        for number, part in enumerate((part for part in parts if part), 1)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, **(metadata or {})}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _cells(raw: Any) -> list[Any] | None:
    """Format 4 has cells, format 3 had them on worksheets."""
    if not isinstance(raw, dict):
        return None
    if isinstance(raw.get("cells"), list):
        return list(raw["cells"])
    sheets = raw.get("worksheets")
    if not isinstance(sheets, list):
        return None
    return [
        cell
        for sheet in sheets
        if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
        for cell in sheet["cells"]
    ]


def _language(raw: dict[str, Any]) -> str:
    metadata = raw.get("metadata")
    for key, name in (("kernelspec", "language"), ("language_info", "name")):
        record = metadata.get(key) if isinstance(metadata, dict) else None
        if isinstance(record, dict) and isinstance(record.get(name), str):
            return str(record[name]).lower()
    return "python"


def _text(source: Any) -> str:
    if isinstance(source, list):
        return "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""
