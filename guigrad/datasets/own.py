"""Points from tensors of a file, and from folders of images."""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from guigrad.datasets.builtin import Array, Points
from guigrad.datasets.spec import LAST_COLUMN, MOST_BYTES, refused
from guigrad.document.array import ArrayData
from guigrad.files.arrays import read_arrays

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
_GUESSES = {
    "inputs": ("x_train", "train_x", "x", "data", "images", "inputs", "features"),
    "targets": ("y_train", "train_y", "y", "target", "targets", "labels", "label", "classes"),
    "test_inputs": ("x_test", "test_x"),
    "test_targets": ("y_test", "test_y"),
}
_MANY_CLASSES = 1000


def guess(names: Mapping[str, ArrayData]) -> dict[str, str]:
    """Which array of a file is which part of a data set, by what people call them."""
    low = {name.lower(): name for name in reversed(list(names))}
    found = {role: next((low[word] for word in words if word in low), "") for role, words in _GUESSES.items()}
    if not found["inputs"]:
        free = [name for name in names if name not in found.values()]
        found["inputs"] = max(free, key=lambda name: len(names[name].shape), default="")
    return found


def read_tensors(path: str, settings: Mapping[str, Any]) -> Points:
    """The points in a .npy, .npz or .safetensors file. Of a single table, targets "-1" are its last column.

    Raises: ProblemError telling what does not fit.
    """
    arrays = read_arrays(path)
    if not arrays:
        raise refused("there is no array in this file", path)
    chosen = {role: settings[role] for role in _GUESSES}
    if not any(chosen.values()):
        chosen = guess(arrays)
    elif not chosen["inputs"]:
        chosen["inputs"] = guess(arrays)["inputs"]
    x = _inputs(arrays, chosen["inputs"], settings, path)
    y: Array | None = None
    if chosen["targets"] == LAST_COLUMN and LAST_COLUMN not in arrays:
        if x.ndim != 2 or x.shape[1] < 2:
            raise refused(f"{chosen['inputs']} is no table of two columns or more", path)
        x, y = x[:, :-1], x[:, -1]
    elif chosen["targets"]:
        y = _array(arrays, chosen["targets"], path)
    points = Points(x)
    if y is not None:
        points.targets, points.is_classes = _targets(y, len(x), chosen["targets"], settings["task"], path)
    if chosen["test_inputs"]:
        points.test_inputs = _inputs(arrays, chosen["test_inputs"], settings, path)
        if points.test_inputs.shape[1:] != x.shape[1:]:
            raise refused(f"{chosen['test_inputs']} has points of another shape than {chosen['inputs']}", path)
        if points.targets is not None:
            if not chosen["test_targets"]:
                raise refused("the inputs for testing need their targets", path)
            task = "classes" if points.is_classes else "numbers"
            held = _array(arrays, chosen["test_targets"], path)
            count = len(points.test_inputs)
            points.test_targets, _ = _targets(held, count, chosen["test_targets"], task, path)
    limit = settings["limit"]
    if limit and limit < len(points.inputs):
        points.inputs = points.inputs[:limit]
        points.targets = points.targets[:limit] if points.targets is not None else None
    if points.is_classes and points.targets is not None:
        points.classes = tuple(map(str, range(int(points.targets.max(initial=0)) + 1)))
    return points


def _array(arrays: Mapping[str, ArrayData], name: str, path: str) -> Array:
    if name not in arrays:
        raise refused(f"there is no array {name[:60]!r}: there are {', '.join(arrays)[:200]}", path)
    try:
        array = arrays[name].numpy()
    except TypeError as error:
        raise refused(f"{name}: {error}", path) from None
    if array.ndim == 0 or array.size == 0:
        raise refused(f"{name} holds no points: its shape is {tuple(array.shape)}", path)
    if array.dtype.kind == "c":
        raise refused(f"{name} holds complex numbers", path)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        first = int(np.flatnonzero(~np.isfinite(array.reshape(len(array), -1)).all(axis=1))[0])
        raise refused(f"{name} holds NaN or infinity, first at point {first} (counted from 0)", path)
    return array


def _inputs(arrays: Mapping[str, ArrayData], name: str, settings: Mapping[str, Any], path: str) -> Array:
    array = _array(arrays, name, path)
    if array.ndim == 1:
        array = array[:, None]
    if array.size * 4 > MOST_BYTES and not settings["limit"]:
        raise refused(_too_large(array.size * 4), path)
    if settings["limit"]:
        array = array[: settings["limit"]] if name != settings["test_inputs"] else array
    return array / 255.0 if array.dtype == np.uint8 and settings["scale"] else array


def _targets(array: Array, count: int, name: str, task: str, path: str) -> tuple[Array, bool]:
    """Targets, and whether they are classes."""
    if len(array) < count:
        raise refused(f"{name} has {len(array)} points, the inputs have {count}", path)
    array = array[:count] if len(array) > count else array
    flat = array.reshape(len(array), -1)
    whole = bool(array.dtype.kind in "iub" or (flat == np.floor(flat)).all())
    good = whole and flat.shape[1] == 1 and flat.min() >= 0 and flat.max() < _MANY_CLASSES
    if task == "auto":
        task = "classes" if good and (array.dtype.kind in "iub" or len(np.unique(flat)) <= 20) else "numbers"
    if task == "classes":
        if not good:
            raise refused(f"{name} holds no class indices: those are whole numbers from 0 on, one for a point", path)
        return flat[:, 0].astype(np.int64), True
    return flat.astype(np.float64), False


def _too_large(size: int) -> str:
    return (
        f"these points take {size / 1e6:.0f} MB, and a document holds {MOST_BYTES / 1e6:.0f} MB: set At most to fewer"
    )


def read_images(path: str, settings: Mapping[str, Any], progress: Callable[[int, int], None]) -> Points:
    """The images in a folder, those of each class in a folder of its own; without such folders they have no targets.

    Raises: ProblemError naming what cannot be read, unless that is left out.
    """
    groups = _groups(path)
    channels = 3 if settings["colour"] == "rgb" else 1
    size = settings["size"]
    total = sum(map(len, groups.values()))
    if settings["limit"]:
        each = -(-settings["limit"] // len(groups))
        groups = {name: files[:each] for name, files in groups.items()}
        total = sum(map(len, groups.values()))
    if total * size * size * channels * 4 > MOST_BYTES:
        raise refused(_too_large(total * size * size * channels * 4), path)
    names = tuple(groups)
    images: list[Array] = []
    labels: list[int] = []
    bad: list[str] = []
    for label, files in enumerate(groups.values()):
        for file in files:
            image = _image(file, size, channels)
            if isinstance(image, str):
                bad.append(f"{os.path.relpath(file, path)}: {image}")
            else:
                images.append(image)
                labels.append(label)
            progress(len(images) + len(bad), total)
    if bad and (settings["bad"] == "stop" or not images):
        rest = f" (and {len(bad) - 1} more: {', '.join(each.partition(':')[0] for each in bad[1:5])}{', …' if len(bad) > 5 else ''})"
        raise refused(f"{bad[0]}{rest if len(bad) > 1 else ''}", path)
    stacked = np.stack(images)
    points = Points(stacked.reshape(len(images), -1) if settings["shape"] == "flat" else stacked)
    if names != ("",):
        points.targets, points.is_classes, points.classes = np.array(labels, dtype=np.int64), True, names
    points.notes = [f"left out {len(bad)}: {', '.join(each.partition(':')[0] for each in bad[:5])}"] if bad else []
    return points


def _groups(path: str) -> dict[str, list[str]]:
    try:
        with os.scandir(path) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        folders = [entry for entry in found if entry.is_dir() and not entry.name.startswith(".")]
        groups = {entry.name: _files(entry.path) for entry in folders}
        groups = {name: files for name, files in groups.items() if files}
        groups = groups or {"": _files(path)}
    except OSError as error:
        raise refused(error.strerror or str(error), path) from None
    if not any(groups.values()):
        raise refused("there are no images in this folder, nor in folders in it", path)
    return groups


def _files(path: str) -> list[str]:
    with os.scandir(path) as entries:
        return sorted(entry.path for entry in entries if Path(entry.name).suffix.lower() in IMAGES and entry.is_file())


def _image(path: str, size: int, channels: int) -> Array | str:
    """Grey values from 0 to 1 as (channels, size, size); a text tells why there are none."""
    pillow = importlib.import_module("PIL.Image")  # late: only folders of images need it
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pillow.DecompressionBombWarning)
            warnings.filterwarnings("ignore", module="PIL")
            with pillow.open(path) as opened:
                image = opened.convert("RGB" if channels == 3 else "L").resize((size, size), pillow.Resampling.BILINEAR)
        array: Array = np.asarray(image, dtype=np.float64) / 255.0
    except Exception as error:  # what Pillow's many readers raise for broken files is not one kind
        return str(error).replace(f"'{path}'", "it")[:120] or type(error).__name__
    return array.transpose(2, 0, 1) if channels == 3 else array[None]
