"""A data set made ready for a document: read or generated, shuffled and split under its seed, standardised, in torch's types."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from guigrad.datasets import builtin, spec
from guigrad.datasets.builtin import Array, Points
from guigrad.datasets.own import read_images, read_tensors
from guigrad.datasets.spec import KINDS, MOST_BYTES, Made, refused
from guigrad.datasets.table import read_table
from guigrad.document.array import ArrayData
from guigrad.document.tensors import contiguous


def _silent(done: int, total: int) -> None:
    pass


def make(kind: str, given: Mapping[str, Any], progress: Callable[[int, int], None] = _silent) -> Made:
    """The data set of these settings; those that are not given are their kind's defaults.

    The split is that of scikit-learn's ``train_test_split(…, random_state=seed)``, to the same points in the same order. Standardising is done
    in double precision, then inputs become float32, classes int64 (one for a point), numbers float32 (a row for a point).
    Raises: ProblemError when it cannot be made.
    """
    settings = spec.complete(kind, given)
    points = _points(kind, settings, progress)
    count = len(points.inputs)
    if count == 0:
        raise refused("there are no points")
    x, y = _rows(points.inputs), points.targets
    if points.test_inputs is not None:
        if settings["shuffle"]:
            order = np.random.RandomState(settings["seed"]).permutation(count)
            x, y = x[order], y[order] if y is not None else None
        parts: dict[str, Array | None] = {
            "X_train": x, "y_train": y, "X_test": _rows(points.test_inputs), "y_test": points.test_targets,
        }  # fmt: skip
    else:
        train, test = split(count, settings["test"], settings["seed"], settings["shuffle"])
        parts = {"X_train": x[train], "y_train": y[train] if y is not None else None}
        if len(test):
            parts |= {"X_test": x[test], "y_test": y[test] if y is not None else None}
    if settings["standardize"]:
        _standardize(parts)
    arrays = {
        name: _array(values, points.is_classes and name.startswith("y"))
        for name, values in parts.items()
        if values is not None
    }
    size = sum(len(array.data) for array in arrays.values())
    if size > MOST_BYTES:
        raise refused(f"these points take {size / 1e6:.0f} MB, and a document holds {MOST_BYTES / 1e6:.0f} MB")
    for name, array in arrays.items():
        if array.dtype == "float32" and not np.isfinite(array.numpy()).all():
            raise refused(f"{name} has numbers that float32 cannot hold")
    return Made(_name(kind, settings), kind, settings, arrays, points.classes, points.columns, tuple(points.notes))


def _points(kind: str, settings: Mapping[str, Any], progress: Callable[[int, int], None]) -> Points:
    path = os.path.expanduser(settings.get("path", ""))
    if not KINDS[kind].suffixes:
        return builtin.make(kind, settings)
    if not path:
        raise refused("no file is chosen")
    if not os.path.exists(path):
        raise refused("there is no such file or folder", path)
    try:
        match kind:
            case "csv":
                return read_table(path, settings, progress)
            case "arrays":
                return read_tensors(path, settings)
        return read_images(path, settings, progress)
    except MemoryError:
        raise refused("there is not enough memory for this file", path) from None


def _rows(inputs: Array) -> Array:
    return inputs.reshape(len(inputs), -1) if inputs.ndim == 1 else inputs


def split(count: int, test: float, seed: int, shuffle: bool) -> tuple[Array, Array]:
    """Which points are for training and which for testing.

    At least one is for training. Source: sklearn.model_selection.ShuffleSplit.
    """
    held = min(math.ceil(test * count), count - 1) if test > 0 else 0
    if not shuffle:
        return np.arange(count - held), np.arange(count - held, count)
    order = np.random.RandomState(seed).permutation(count)
    return order[held:], order[:held]


def _standardize(parts: dict[str, Array | None]) -> None:
    """Source: sklearn.preprocessing.StandardScaler, which leaves what does not vary as wide as it is."""
    train = parts["X_train"]
    assert train is not None
    mean, std = train.mean(axis=0), train.std(axis=0)
    flat = np.finfo(np.float64).eps * (np.abs(mean) * len(train) + 1) * 10
    std = np.where(std <= flat, 1.0, std)
    for name in ("X_train", "X_test"):
        values = parts.get(name)
        if values is not None:
            parts[name] = (values - mean) / std


def _array(values: Array, classes: bool) -> ArrayData:
    dtype, code = ("int64", "<i8") if classes else ("float32", "<f4")
    with np.errstate(over="ignore"):
        data = np.ascontiguousarray(values.astype(code)).tobytes()
    shape = tuple(int(size) for size in values.shape)
    return ArrayData(dtype, shape, contiguous(shape), data)


def _name(kind: str, settings: Mapping[str, Any]) -> str:
    path = settings.get("path", "")
    return (Path(path).stem or Path(path).name or KINDS[kind].title) if path else KINDS[kind].title
