"""Tensors of files and folders of images as points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from guigrad.datasets.make import make
from guigrad.datasets.own import guess
from guigrad.document.problem import ProblemError
from guigrad.files.arrays import read_arrays, write_safetensors

PLAIN = {"test": 0.0, "shuffle": False}
X = np.arange(24, dtype=np.float64).reshape(6, 4)
Y = np.array([0, 1, 2, 0, 1, 2])


def test_arrays_are_found_by_what_people_call_them(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x_test=X[:2], y_train=Y, y_test=Y[:2], x_train=X)
    made = make("arrays", {"path": str(tmp_path / "a.npz"), "shuffle": False})
    assert {name: array.shape for name, array in made.arrays.items()} == {
        "X_train": (6, 4), "y_train": (6,), "X_test": (2, 4), "y_test": (2,),
    }  # fmt: skip
    assert np.array_equal(made.arrays["X_train"].numpy(), X)
    assert made.arrays["y_train"].tolist() == Y.tolist()
    assert made.classes == ("0", "1", "2")
    shuffled = make("arrays", {"path": str(tmp_path / "a.npz"), "seed": 1})
    order = np.random.RandomState(1).permutation(6)
    assert np.array_equal(shuffled.arrays["X_train"].numpy(), X[order])
    assert np.array_equal(shuffled.arrays["X_test"].numpy(), X[:2])


def test_the_last_column_of_one_table(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.column_stack([X, Y / 4]))
    made = make("arrays", {"path": str(tmp_path / "t.npy"), "inputs": "t", "targets": "-1", "task": "numbers", **PLAIN})
    assert made.arrays["X_train"].shape == (6, 4)
    assert made.arrays["y_train"].tolist() == [[0.0], [0.25], [0.5], [0.0], [0.25], [0.5]]
    alone = make("arrays", {"path": str(tmp_path / "t.npy"), **PLAIN})
    assert set(alone.arrays) == {"X_train"}


def test_chosen_tensors_of_safetensors(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", weights=X, pixels=np.full((3, 2, 2), 255, np.uint8), kind=Y[:3])
    (tmp_path / "s.safetensors").write_bytes(write_safetensors(read_arrays(tmp_path / "s.npz")))
    chosen = {"path": str(tmp_path / "s.safetensors"), "inputs": "pixels", "targets": "kind", **PLAIN}
    made = make("arrays", chosen)
    assert made.arrays["X_train"].tolist() == np.ones((3, 2, 2)).tolist()
    assert make("arrays", {**chosen, "scale": False}).arrays["X_train"].tolist() == np.full((3, 2, 2), 255.0).tolist()
    assert made.arrays["y_train"].dtype == "int64"


def test_guesses() -> None:
    arrays: Any = {"labels": np.zeros(3), "images": np.zeros((3, 4))}
    assert guess(arrays) == {"inputs": "images", "targets": "labels", "test_inputs": "", "test_targets": ""}
    other: Any = {"b": np.zeros(3), "a": np.zeros((3, 4))}
    assert guess(other)["inputs"] == "a"
    assert guess({})["inputs"] == ""


@pytest.mark.parametrize(
    ("arrays", "settings", "words"),
    [
        ({"x": X, "y": Y[:3]}, {}, "y has 3 points, the inputs have 6"), ({"x": X}, {"inputs": "z"}, "no array 'z': there are x"),
        ({"x": np.zeros((0, 3))}, {}, "holds no points"), ({"x": np.float64(3)}, {}, "holds no points"),
        ({"x": X + 1j}, {}, "complex"), ({"x": np.where(X == 9, np.nan, X)}, {}, "first at point 2"),
        ({"x": X, "y": Y - 1}, {"task": "classes"}, "no class indices"), ({"x": X, "y": Y + 0.5}, {"task": "classes"}, "no class indices"),
        ({"x": X[:, 0]}, {"inputs": "x", "targets": "-1"}, "no table of two columns"), ({"x": X * 1e300}, {}, "float32 cannot hold"),
        ({"x_train": X, "y_train": Y, "x_test": X[:, :2], "y_test": Y}, {}, "another shape"),
        ({"x_train": X, "y_train": Y, "x_test": X}, {}, "need their targets"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(
    tmp_path: Path, arrays: dict[str, Any], settings: dict[str, Any], words: str
) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ProblemError, match=words):
        make("arrays", {"path": str(tmp_path / "a.npz"), **settings})


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "evil.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ProblemError, match="holds no numbers"):
        make("arrays", {"path": str(tmp_path / "evil.npy")})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, grey in (("dark", 0), ("light", 255)):
        (tmp_path / name).mkdir()
        for number in range(3):
            Image.new("RGB", (10, 6), (grey, 0, grey)).save(tmp_path / name / f"{number}.png")
    (tmp_path / "dark" / "notes.txt").write_text("no image")
    (tmp_path / ".hidden").mkdir()
    return tmp_path


def test_a_folder_for_each_class(folder: Path) -> None:
    made = make("images", {"path": str(folder), "size": 4, "colour": "rgb", **PLAIN})
    assert made.classes == ("dark", "light")
    assert made.arrays["y_train"].tolist() == [0, 0, 0, 1, 1, 1]
    x = made.arrays["X_train"].numpy()
    assert x.shape == (6, 3, 4, 4)
    assert x[5, :, 0, 0].tolist() == [1.0, 0.0, 1.0]
    grey = make("images", {"path": str(folder), "size": 4, "shape": "flat", "limit": 2, **PLAIN})
    assert grey.arrays["X_train"].shape == (2, 16)
    assert grey.arrays["y_train"].tolist() == [0, 1]
    alone = make("images", {"path": str(folder / "dark"), "size": 4, **PLAIN})
    assert set(alone.arrays) == {"X_train"}


def test_unreadable_images_are_named(folder: Path) -> None:
    (folder / "dark" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    whole = (folder / "light" / "0.png").read_bytes()
    (folder / "light" / "half.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ProblemError, match=r"dark.broken\.png: .* \(and 1 more: light.half\.png\)"):
        make("images", {"path": str(folder)})
    made = make("images", {"path": str(folder), "bad": "skip", **PLAIN})
    assert len(made.arrays["X_train"].numpy()) == 6
    assert "broken.png" in made.notes[0]
    (folder / "none").mkdir()
    with pytest.raises(ProblemError, match="no images"):
        make("images", {"path": str(folder / "none")})
    with pytest.raises(ProblemError, match="34 MB"):
        make("images", {"path": str(folder), "size": 1024, "colour": "rgb"})
