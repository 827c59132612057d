"""``guigrad.data`` gives a document that needs no data file, and whose script needs torch alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import make_moons

import guigrad


def test_moons_as_a_document(tmp_path: Path) -> None:
    document = guigrad.data("moons", n=200, noise=0.0, seed=0, test=0.0, shuffle=False)
    session = guigrad.Session(document)
    session.forward()
    x, y = make_moons(200, random_state=0)
    assert torch.equal(session.tensor("X_train"), torch.tensor(x, dtype=torch.float32))
    assert torch.equal(session.tensor("y_train"), torch.tensor(y))
    (data,) = document.datasets.values()
    assert (data.name, data.kind, data.settings["n"]) == ("Moons", "moons", 200)
    guigrad.save(document, tmp_path / "moons.guigrad")
    assert guigrad.load(tmp_path / "moons.guigrad") == document


def test_it_is_added_to_another_document_and_its_script_has_the_same_bits() -> None:
    session = guigrad.Session(guigrad.parse("import torch\n\nw = torch.zeros(2)\n"))
    session.edit(guigrad.edit.paste(guigrad.data("blobs", n=20, seed=1)))
    (data,) = session.document.datasets.values()
    assert len(data.leaves()) == 4
    session.forward()
    found: dict[str, Any] = {}
    exec(guigrad.emit(session.document), found)
    for name in ("X_train", "y_train", "X_test", "y_test"):
        assert torch.equal(found[name], session.tensor(name))
        assert found[name].dtype == session.tensor(name).dtype


def test_a_file_is_no_longer_needed(tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", X=np.eye(300), y=np.arange(300) % 3)
    document = guigrad.data(tmp_path / "own.npz", test=0.1)
    guigrad.save(document, tmp_path / "d.guigrad")
    (tmp_path / "own.npz").unlink()
    again = guigrad.load(tmp_path / "d.guigrad")
    assert again == document
    assert not again.problems
    session = guigrad.Session(again)
    assert session.forward()["X_train"].shape == (270, 300)


@pytest.mark.parametrize("source", ["planets", "", "table.xlsx", "nowhere/at/all"])
def test_what_is_no_data_says_so(source: str) -> None:
    with pytest.raises(guigrad.ProblemError, match="neither one of moons"):
        guigrad.data(source)
