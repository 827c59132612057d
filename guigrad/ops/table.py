"""All rows: the curated ones over resources/catalogue.json and the Python side; found by target or key; ``ops.search`` finds them by words.

The catalogue is read at the first question (about 20 ms), never at import. Together the rows are the allow-list: what no row names is not called.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Final

import msgspec
from msgspec import Struct, structs

from guigrad.ops import builtin, optim
from guigrad.ops.spec import OpSpec, Overload, Param
from guigrad.paths import resources

FRONT: Final = ("leaf", "pointwise", "reduce", "linear", "shape", "nn", "loss")
"""Modules of curated rows, in the palette's order."""

FAMILIES: Final = (
    "leaves",
    "math",
    "comparison",
    "reduce",
    "linear algebra",
    "shape",
    "indexing",
    "network",
    "activation",
    "loss",
    "autograd",
)
"""Families of the palette, in its order."""

TENSOR: Final = "torch.Tensor."
SAVED: Final = "grad_fn._saved_"
RECORDED: Final = "recorded."
"""How the ops of nodes begin that a live graph was made of: the name of torch's grad_fn follows. Nothing can run them again."""


OBSCURE: Final = (
    *(
        "cudnn_",
        "miopen_",
        "mkldnn_",
        "fbgemm_",
        "quantized_",
        "native_",
        "setitem.",
        "setattr.",
        "field.",
        "masked.",
        "sparse.",
    ),
    *("range.", "slice.", "finfo.", "iinfo.", "int.", "float.", "complex.", "grad_fn.", "dtype.", "device."),
)
"""Beginnings of keys that a search lists behind equals."""


class Catalogue(Struct, frozen=True):
    """What resources/catalogue.json holds: generated rows, one target each."""

    torch: str
    ops: tuple[OpSpec, ...]


class _Rows(Struct, frozen=True):
    by_target: dict[str, OpSpec]  # generated and Python rows
    curated: tuple[OpSpec, ...]
    curator: dict[str, OpSpec]  # target -> its curated row
    by_key: dict[str, OpSpec]
    place: dict[str, int]  # key -> its place in the palette
    merged: dict[str, OpSpec]


@cache
def catalogue() -> Catalogue:
    """The generated rows as they are in the file."""
    return msgspec.json.decode((resources() / "catalogue.json").read_bytes(), type=Catalogue)


@cache
def curated() -> tuple[OpSpec, ...]:
    """The hand-written front rows, in the palette's order, without their overloads."""
    return tuple(row for name in FRONT for row in import_module(f"guigrad.ops.{name}").ROWS)


@cache
def _rows() -> _Rows:
    by_target = {row.targets[0]: row for row in catalogue().ops}
    for row in (*optim.optimizer_rows(), *builtin.builtin_rows()):
        by_target[row.targets[0]] = row  # a hand-written signature wins over a generated one
    for row in list(by_target.values()):
        owner, _, name = row.targets[0].rpartition(".")
        if owner in builtin.OWNERS:
            by_target.setdefault(f"object.{name}", row)
    curator = {target: row for row in curated() for target in row.targets}
    by_key: dict[str, OpSpec] = {}
    for row in by_target.values():
        by_key.setdefault(row.key, row)
        for name in row.old_names:
            by_target.setdefault(name, row)
    for row in curated():
        by_key[row.key] = row
    return _Rows(by_target, curated(), curator, by_key, {row.key: place for place, row in enumerate(curated())}, {})


def find(target: str) -> OpSpec | None:
    """The row of one exact callable; a curated one brings its explanation to that callable's own overloads."""
    rows = _rows()
    known = rows.merged.get(target)
    if known is not None:
        return known
    base = rows.by_target.get(target)
    front = rows.curator.get(target)
    if base is None:
        return _saved(target) if target.startswith(SAVED) else _recorded(target) if is_recorded(target) else None
    if front is None:
        return base
    rows.merged[target] = merged = _merge(front, base)
    return merged


def _saved(target: str) -> OpSpec | None:
    """What a backward node keeps for itself (``y.grad_fn._saved_self``): its names are the node's own, so no table lists them."""
    name = target.removeprefix(SAVED)
    if not name.isidentifier() or "__" in name:
        return None
    doc = f"What the backward node saved as {name}."
    return OpSpec(
        f"grad_fn._saved_{name}", (target,), (Overload((Param("self", "grad_fn"),), ("any",)),), "attribute", doc=doc
    )


def is_recorded(target: str) -> bool:
    """Whether it names a node of a live graph, which can be looked at and not run."""
    return target.startswith(RECORDED) and target[len(RECORDED) :].isidentifier()


def _recorded(target: str) -> OpSpec:
    name = target.removeprefix(RECORDED)
    doc = f"{name}, as torch recorded it in a program of its own: it can be looked at, not run."
    return OpSpec(name, (target,), family="recorded", about=doc, doc=doc)


def _merge(front: OpSpec, base: OpSpec) -> OpSpec:
    return structs.replace(
        front,
        # What is read with a dot stays told apart from what is called; only an operator is written with its sign.
        family="attribute" if base.family == "attribute" else front.family,
        infix=front.infix if base.targets[0].startswith("operator.") else "",
        overloads=base.overloads,
        doc=base.doc or front.doc,
        effect=base.effect,
        random=base.random,
        view=base.view,
        vjp=_renamed(front, base),
    )


def _renamed(front: OpSpec, base: OpSpec) -> dict[str, str]:
    """The derivative in the parameter names of one target: ``input`` of a function is ``self`` of the method."""
    first = _rows().by_target[front.targets[0]]
    known = {param.name.lstrip("*") for overload in base.overloads for param in overload.params}
    names = {
        ours.name: theirs.name
        for ours, theirs in zip(first.overloads[0].params, base.overloads[0].params, strict=False)
        if ours.name != theirs.name and ours.name not in known
    }
    for one, other in (("input", "self"), ("self", "input"), ("A", "self"), ("x", "self")):
        if one in front.vjp and one not in known and other in known:
            names[one] = other

    def renamed(text: str) -> str:
        if "alpha" not in known:
            text = text.replace("alpha * ", "")
        return re.sub(r"\w+", lambda found: names.get(found[0], found[0]), text)

    return {renamed(port): renamed(text) for port, text in front.vjp.items()}


def by_key(key: str) -> OpSpec | None:
    """The row of a short name ("matmul", "linalg.inv", "F.softmax"), curated ones first."""
    row = _rows().by_key.get(key)
    return row and find(row.targets[0])


def all_rows() -> Iterable[OpSpec]:
    """Every row, one a target, curated ones merged, sorted by target."""
    return (row for target in sorted(_rows().by_target) if (row := find(target)) is not None)


def unmerged() -> Iterable[tuple[OpSpec, OpSpec | None]]:
    """Every generated or Python row beside the curated one that stands for it, once a target, sorted by target."""
    rows = _rows()
    return ((rows.by_target[target], rows.curator.get(target)) for target in sorted(rows.by_target))


def targets() -> tuple[str, ...]:
    """Every exact target that ``find`` knows, sorted."""
    return tuple(sorted(_rows().by_target))


def families() -> tuple[tuple[str, tuple[OpSpec, ...]], ...]:
    """The palette's front rows by family, both in the palette's order."""
    found: dict[str, list[OpSpec]] = {family: [] for family in FAMILIES}
    for row in curated():
        merged = find(row.targets[0])
        if merged is not None:
            found.setdefault(row.family, []).append(merged)
    return tuple((family, tuple(rows)) for family, rows in found.items() if rows)


def overloads(target: str) -> tuple[Overload, ...]:
    """The ways to call a target; none for one that is not known."""
    row = _rows().by_target.get(target)
    return row.overloads if row else ()


def returns(target: str) -> tuple[str, ...]:
    """The type words of what a target returns where all overloads agree, else ("any",)."""
    words = {overload.returns for overload in overloads(target)}
    return words.pop() if len(words) == 1 else ("any",)


def effect_of(target: str) -> str:
    """What calling a target does beside computing ("" for nothing)."""
    row = _rows().by_target.get(target)
    return row.effect if row else ""


def is_random(target: str) -> bool:
    """Whether a target draws random numbers."""
    row = _rows().by_target.get(target)
    return row is not None and row.random


def is_method(name: str) -> bool:
    """Whether a tensor has an allowed method of this name."""
    return name not in builtin.ATTRIBUTES["Tensor"] and TENSOR + name in _rows().by_target


def is_object_method(name: str) -> bool:
    """Whether a list, text, dict, size, generator, optimizer … has an allowed method of this name."""
    row = _rows().by_target.get(f"object.{name}")
    return row is not None and row.family != "attribute"


def is_property(name: str) -> bool:
    """Whether a dot and this name read an attribute: of a tensor, or a field of a result such as ``x.max(0).values``."""
    return name in builtin.ATTRIBUTES["Tensor"] or name.startswith("_saved_") or any(
        name in names for names in builtin.ATTRIBUTES.values()
    ) or name in builtin.FIELDS  # fmt: skip


def is_symbol(path: str) -> bool:
    """Whether a dotted name is an allowed constant."""
    return path in builtin.SYMBOLS
