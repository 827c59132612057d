"""The loss over a plane through the parameters, or along one of them: what is asked, and the answers. See Note [Landscape] in engine/landscape."""

from __future__ import annotations

from msgspec import Struct

from guigrad.document.array import ArrayData
from guigrad.document.problem import Problem

KINDS = ("entries", "line", "random", "pca")


class Plane(Struct, frozen=True):
    """Where the points of two directions lie: leaf ``k`` is ``origin[k] + a * first[k] + b * second[k]``.

    ``leaves`` are their node ids. ``explained``: which part of a trajectory's variance each direction holds, () where nobody asked.
    ``columns``: ids of those whose output units are columns (``x @ w``), each normalised by itself.
    """

    leaves: tuple[str, ...]
    origin: tuple[ArrayData, ...]
    first: tuple[ArrayData, ...]
    second: tuple[ArrayData, ...]
    explained: tuple[float, float] | tuple[()] = ()
    columns: tuple[str, ...] = ()


class AskLandscape(Struct, frozen=True, tag=True):
    """The loss at points of a plane: as many of ``points`` as ``seconds`` allow, in their order.

    ``of`` is the loss's label, "" the one that is trained (else the root). ``kind`` "entries": ``x`` and ``y`` are entries of leaves as they are
    written, ``w[0, 1]``, ``b``; "" takes the first that train; where there is one alone, and for "line", only ``x`` is varied. "random": two directions under ``seed``; "pca": those of ``path``, by node id the steps of a trajectory.
    A ``plane`` that an earlier answer brought is used as it is.
    """

    of: str = ""
    kind: str = "entries"
    x: str = ""
    y: str = ""
    seed: int = 0
    plane: Plane | None = None
    path: tuple[tuple[str, ArrayData], ...] = ()
    points: tuple[tuple[float, float], ...] = ()
    seconds: float = 0.1


class Leaf(Struct, frozen=True):
    """A tensor that can be varied: its node id, its name, its shape; ``trains``: it requires a gradient."""

    id: str
    name: str
    shape: tuple[int, ...]
    trains: bool
    dtype: str = "float32"


class Entry(Struct, frozen=True):
    """One entry of a leaf: its name as it is written, the leaf's id, the place in its shape."""

    name: str
    leaf: str
    index: tuple[int, ...]


class Landscape(Struct, frozen=True):
    """The loss at the first points that were asked for; NaN where an op refused the point.

    ``key`` is the same as long as the surface is: it tells apart everything but the varied entries that the loss is made from. ``here`` is
    where the leaves are, ``loss`` what the loss is there. Along one entry ``y`` is None, and the second number of every point means nothing. ``error``: what torch said at the first point that it refused.
    """

    of: str = ""
    x: Entry | None = None
    y: Entry | None = None
    plane: Plane | None = None
    here: tuple[float, float] = (0.0, 0.0)
    loss: float = 0.0
    leaves: tuple[Leaf, ...] = ()
    values: tuple[float, ...] = ()
    key: str = ""
    error: str = ""
    random: bool = False
    problems: tuple[Problem, ...] = ()


RECORDS = (Plane, AskLandscape, Leaf, Entry, Landscape)
"""What crosses to the engine's process and back."""
