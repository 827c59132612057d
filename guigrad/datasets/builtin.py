"""Data sets that need no file: scikit-learn's own where it has them, the others by NumPy."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from msgspec import Struct

Array = np.ndarray[Any, Any]


class Points(Struct):
    """All points of a data set before they are split.

    ``inputs`` and ``targets`` count the points in their first dimension; targets of ``classes`` are their indices. ``test_*`` are given by
    data that are split already.
    """

    inputs: Array
    targets: Array | None = None
    is_classes: bool = False
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    test_inputs: Array | None = None
    test_targets: Array | None = None
    notes: list[str] = []


def make(kind: str, settings: Mapping[str, Any]) -> Points:
    """The points of a built-in kind, in double precision, in scikit-learn's own order."""
    return _MAKERS[kind](settings)


def _sklearn() -> Any:
    """Late and by name: it takes a second to import, and a window never does it."""
    return importlib.import_module("sklearn.datasets")


def _moons(settings: Mapping[str, Any]) -> Points:
    x, y = _sklearn().make_moons(settings["n"], noise=settings["noise"] or None, random_state=settings["seed"])
    return Points(x, y, True, ("0", "1"))


def _circles(settings: Mapping[str, Any]) -> Points:
    x, y = _sklearn().make_circles(
        settings["n"], noise=settings["noise"] or None, random_state=settings["seed"], factor=settings["factor"]
    )
    return Points(x, y, True, ("0", "1"))


def _blobs(settings: Mapping[str, Any]) -> Points:
    x, y = _sklearn().make_blobs(
        settings["n"],
        settings["features"],
        centers=settings["classes"],
        cluster_std=settings["noise"],
        random_state=settings["seed"],
    )
    return Points(x, y, True, _numbered(settings["classes"]))


def _spirals(settings: Mapping[str, Any]) -> Points:
    random = np.random.default_rng(settings["seed"])
    n, arms = settings["n"], settings["classes"]
    y = np.arange(n) % arms
    t = 1.0 - random.random(n)
    angle = 2 * math.pi * (settings["turns"] * t + y / arms)
    x = np.stack([t * np.cos(angle), t * np.sin(angle)], axis=1)
    return Points(x + settings["noise"] * random.standard_normal(x.shape) / 5, y, True, _numbered(arms))


def _linear(settings: Mapping[str, Any]) -> Points:
    random = np.random.default_rng(settings["seed"])
    x = random.uniform(-1.0, 1.0, (settings["n"], 1))
    y = settings["slope"] * x + settings["intercept"] + settings["noise"] * random.standard_normal(x.shape)
    return Points(x, y)


def _sine(settings: Mapping[str, Any]) -> Points:
    random = np.random.default_rng(settings["seed"])
    x = random.uniform(-math.pi, math.pi, (settings["n"], 1))
    return Points(x, np.sin(settings["frequency"] * x) + settings["noise"] * random.standard_normal(x.shape))


def _iris(settings: Mapping[str, Any]) -> Points:
    data = _sklearn().load_iris()
    chosen = {"all": slice(0, 4), "sepal": slice(0, 2), "petal": slice(2, 4)}[settings["features"]]
    names = tuple(str(name).removesuffix(" (cm)") for name in data.feature_names[chosen])
    return Points(data.data[:, chosen], data.target, True, tuple(map(str, data.target_names)), names)


def _digits(settings: Mapping[str, Any]) -> Points:
    data = _sklearn().load_digits()
    x = data.data[: settings["n"]]
    x = x / 16.0 if settings["scale"] else x
    shape = (-1, 1, 8, 8) if settings["shape"] == "image" else (-1, 64)
    return Points(x.reshape(shape), data.target[: settings["n"]], True, _numbered(10))


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))


_MAKERS = {
    "moons": _moons, "circles": _circles, "spirals": _spirals, "blobs": _blobs, "linear": _linear, "sine": _sine,
    "iris": _iris, "digits": _digits,
}  # fmt: skip
