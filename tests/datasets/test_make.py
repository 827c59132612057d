"""Data sets are scikit-learn's own arrays, split and standardised as scikit-learn does it, in torch's types."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import datasets, model_selection, preprocessing

from guigrad.datasets.make import make, split
from guigrad.datasets.spec import KINDS, complete, sound
from guigrad.document.array import ArrayData
from guigrad.document.problem import ProblemError

WHOLE = {"test": 0.0, "shuffle": False}
SKLEARN = {
    "moons": lambda: datasets.make_moons(50, noise=0.2, random_state=3),
    "circles": lambda: datasets.make_circles(50, noise=0.2, random_state=3, factor=0.3),
    "blobs": lambda: datasets.make_blobs(50, 3, centers=4, cluster_std=0.2, random_state=3),
    "iris": lambda: datasets.load_iris(return_X_y=True),
    "digits": lambda: (datasets.load_digits().data[:50] / 16, datasets.load_digits().target[:50]),
}
SETTINGS = {
    "moons": {"n": 50, "noise": 0.2}, "circles": {"n": 50, "noise": 0.2, "factor": 0.3},
    "blobs": {"n": 50, "noise": 0.2, "classes": 4, "features": 3}, "iris": {}, "digits": {"n": 50},
}  # fmt: skip


def leaves(arrays: Mapping[str, ArrayData]) -> list[Any]:
    return [arrays[name].numpy() for name in ("X_train", "y_train", "X_test", "y_test")]


@pytest.mark.parametrize("kind", SKLEARN)
def test_they_are_scikit_learn_s(kind: str) -> None:
    x, y = SKLEARN[kind]()
    made = make(kind, {**SETTINGS[kind], **WHOLE, **({} if kind in ("iris", "digits") else {"seed": 3})})
    assert set(made.arrays) == {"X_train", "y_train"}
    assert (made.arrays["X_train"].dtype, made.arrays["y_train"].dtype) == ("float32", "int64")
    assert np.array_equal(made.arrays["X_train"].numpy(), x.astype(np.float32))
    assert np.array_equal(made.arrays["y_train"].numpy(), y)
    assert len(made.classes) == len(set(y))


@pytest.mark.parametrize("shuffle", [True, False])
def test_the_split_is_train_test_split_s(shuffle: bool) -> None:
    x, y = datasets.load_iris(return_X_y=True)
    made = make("iris", {"test": 0.3, "seed": 7, "shuffle": shuffle})
    parts = model_selection.train_test_split(
        x.astype(np.float32), y, test_size=0.3, random_state=7 if shuffle else None, shuffle=shuffle
    )
    for mine, its in zip(leaves(made.arrays), (parts[0], parts[2], parts[1], parts[3]), strict=True):
        assert np.array_equal(mine, its)


def test_standardising_is_standard_scaler_s() -> None:
    x, _ = datasets.load_digits(return_X_y=True)  # with pixels that never vary
    made = make("digits", {"standardize": True, "scale": False, "seed": 1})
    train, test = model_selection.train_test_split(x, test_size=0.2, random_state=1)
    scaler = preprocessing.StandardScaler().fit(train)
    assert np.allclose(made.arrays["X_train"].numpy(), scaler.transform(train), rtol=1e-6, atol=1e-6)
    assert np.allclose(made.arrays["X_test"].numpy(), scaler.transform(test), rtol=1e-6, atol=1e-6)


def test_regression_is_a_float_row_for_each_point() -> None:
    line = make("linear", {"n": 40, "noise": 0.0, "slope": -3.0, "intercept": 0.5, **WHOLE})
    x, y = line.arrays["X_train"].numpy(), line.arrays["y_train"].numpy()
    assert (x.shape, y.shape, line.arrays["y_train"].dtype) == ((40, 1), (40, 1), "float32")
    assert np.allclose(y, -3 * x + 0.5, atol=1e-6)
    assert line.classes == ()
    wave = make("sine", {"n": 40, "noise": 0.0, "frequency": 2.0, **WHOLE})
    assert np.allclose(wave.arrays["y_train"].numpy(), np.sin(2 * wave.arrays["X_train"].numpy()), atol=1e-6)


def test_spirals_have_arms_of_equal_length() -> None:
    made = make("spirals", {"n": 99, "classes": 3, "noise": 0.0, **WHOLE})
    x, y = made.arrays["X_train"].numpy(), made.arrays["y_train"].numpy()
    assert np.bincount(y).tolist() == [33, 33, 33]
    radius = np.linalg.norm(x, axis=1)
    angle = np.arctan2(x[:, 1], x[:, 0]) - 2 * np.pi * (radius + y / 3)
    assert np.allclose(np.cos(angle), 1, atol=1e-3)


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS.values() if not kind.suffixes])
def test_a_seed_gives_the_same_bits_and_another_gives_others(kind: str) -> None:
    first, again, other = make(kind, {"seed": 5}), make(kind, {"seed": 5}), make(kind, {"seed": 6})
    assert first == again
    assert first.arrays != other.arrays
    assert first.settings == complete(kind, {"seed": 5})


@pytest.mark.parametrize(("kind", "n"), [("digits", {"shape": "image"}), ("iris", {"features": "petal"})])
def test_shapes(kind: str, n: dict[str, Any]) -> None:
    assert make(kind, n).arrays["X_test"].shape == {"digits": (360, 1, 8, 8), "iris": (30, 2)}[kind]


def test_at_least_one_point_is_for_training() -> None:
    for count in (1, 2, 3):
        train, test = split(count, 0.9, 0, True)
        assert len(train) >= 1
        assert sorted([*train, *test]) == list(range(count))


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("planets", {}, "no data set 'planets'"), ("moons", {"m": 3}, "no setting 'm'"), ("moons", {"n": 1}, "from 2 to"),
        ("moons", {"n": 10**9}, "from 2 to 100000"), ("moons", {"n": "9"}, "whole number"), ("moons", {"n": 2.5}, "whole number"),
        ("moons", {"n": True}, "whole number"), ("moons", {"noise": float("nan")}, "from 0 to"), ("moons", {"noise": -1}, "from 0"),
        ("moons", {"test": 1.0}, "from 0 to 0.9"), ("moons", {"shuffle": 1}, "True or False"), ("moons", {"seed": -1}, "from 0"),
        ("iris", {"features": "none"}, "one of 'all'"), ("csv", {}, "no file is chosen"), ("csv", {"path": 3}, "a text"),
        ("csv", {"path": "nowhere.csv"}, "no such file"), ("csv", {"targets": [None]}, "column"), ("images", {"path": "nowhere"}, "no such"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_says_why(kind: str, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        make(kind, settings)


def test_of_what_a_document_says_only_the_sound_is_taken() -> None:
    given = {"n": "many", "noise": 0.5, "class_names": ["0", "1"], "seed": -4, "test": 0.25, "x": 1, 3: 4}
    assert sound("moons", given) == {"noise": 0.5, "test": 0.25}  # type: ignore[arg-type]  # keys as a file may have them
    assert sound("planets", given) == {}  # type: ignore[arg-type]


def test_too_many_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.npy"
    np.save(path, np.zeros((5000, 4000), np.uint8))
    with pytest.raises(ProblemError, match="80 MB, and a document holds 34 MB"):
        make("arrays", {"path": str(path)})
    assert make("arrays", {"path": str(path), "limit": 10}).arrays["X_train"].shape == (8, 4000)
