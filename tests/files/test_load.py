"""Opening every kind of file that carries a document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from guigrad.document.encode import encode
from guigrad.document.file import save
from guigrad.document.problem import ProblemError
from guigrad.files.load import load
from guigrad.files.picture import embed_png, embed_svg
from guigrad.source.parse.parser import parse
from tests.files.test_picture import PNG, SVG

SOURCE = "import torch\nx = torch.ones(2)\ny = x + 1\n"


def test_all_of_them(tmp_path: Path) -> None:
    document = parse(SOURCE)
    data = encode(document, "0.1.0")
    save(document, tmp_path / "a.guigrad")
    (tmp_path / "a.py").write_text(SOURCE)
    (tmp_path / "a.png").write_bytes(embed_png(PNG, data))
    (tmp_path / "A.SVG").write_bytes(embed_svg(SVG, data))
    cell = {"cell_type": "code", "source": SOURCE.splitlines(keepends=True)}
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": [cell], "nbformat": 4}))
    for path in tmp_path.iterdir():
        opened = load(path)
        assert opened.canonical() == document.canonical(), path
        assert opened.path == str(path)


def test_what_cannot_be_opened_names_the_file_once(tmp_path: Path) -> None:
    for name, data in (
        ("a.guigrad", b"{"),
        ("a.png", PNG),
        ("a.svg", SVG),
        ("a.ipynb", b"{}"),
        ("a.py", b"\xff\xfe\xfa"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(ProblemError) as caught:
            load(path)
        assert str(caught.value).count(str(path)) == 1
    for path in (tmp_path, tmp_path / "none.guigrad"):
        with pytest.raises(ProblemError) as caught:
            load(path)
        assert str(caught.value).count(str(path)) == 1
