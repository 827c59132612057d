"""Jupyter notebooks: the code of their cells, and scripts as notebooks."""

from __future__ import annotations

import json
import re
from typing import Any

from guigrad.document.file import failure
from guigrad.document.problem import Problem

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


def write_notebook(source: str) -> bytes:
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
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
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
