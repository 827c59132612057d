"""The library of functions on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from guigrad.document.model import Document
from guigrad.document.problem import ProblemError
from guigrad.files.library import Library, library_folder
from tests.document.test_shelf import nested


def key(document: Document, name: str) -> str:
    return next(key for key, function in document.functions.items() if function.name == name)


def test_a_kept_function_is_read_back(tmp_path: Path) -> None:
    document, library = nested(), Library(tmp_path / "functions")
    assert library.functions() == []
    library.keep(document, key(document, "g"))
    (kept,) = library.functions()
    assert (kept.name, kept.signature) == ("g", "g(a, b)")
    assert kept.about == "2 steps, calls f"
    assert kept.path.read_text().startswith("{")
    library.keep(document, key(document, "f"))
    assert [each.name for each in library.functions()] == ["f", "g"]


def test_rename_remove_export_and_import(tmp_path: Path) -> None:
    document, library = nested(), Library(tmp_path / "functions")
    library.keep(document, key(document, "g"))
    library.rename("g", "block")
    assert [each.name for each in library.functions()] == ["block"]
    assert not (library.folder / "g.guigrad").exists()
    for bad in ("sum", "1x", "f"):
        with pytest.raises(ProblemError):
            library.rename("block", bad)
    library.export("block", tmp_path / "out.guigrad")
    library.remove("block")
    assert library.functions() == []
    assert [each.name for each in library.bring(tmp_path / "out.guigrad")] == ["block"]
    with pytest.raises(ProblemError, match="no function nothing"):
        library.remove("nothing")
    (tmp_path / "plain.py").write_text("import torch\nx = torch.ones(2)\n")
    with pytest.raises(ProblemError, match="no function in"):
        library.bring(tmp_path / "plain.py")


def test_damaged_files_are_reported_and_skipped(tmp_path: Path) -> None:
    document, library = nested(), Library(tmp_path)
    library.keep(document, key(document, "f"))
    whole = (tmp_path / "f.guigrad").read_bytes()
    (tmp_path / "cut.guigrad").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "noise.guigrad").write_bytes(b"\x00\xff" * 50)
    (tmp_path / "empty.guigrad").write_text('{"guigrad": 1}')
    (tmp_path / "folder.guigrad").mkdir()
    assert [each.name for each in library.functions()] == ["f"]
    told = " ".join(library.complaints)
    assert all(name in told for name in ("cut.guigrad", "noise.guigrad", "empty.guigrad", "folder.guigrad"))
    assert (tmp_path / "cut.guigrad").exists()


def test_where_the_library_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GUIGRAD_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert library_folder().name == "functions"
    assert library_folder(tmp_path) == tmp_path / "functions"
    monkeypatch.setenv("GUIGRAD_DATA", str(tmp_path / "own"))
    assert library_folder() == tmp_path / "own" / "functions"
