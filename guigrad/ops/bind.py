"""Binds the arguments of a call to the parameters of an op, as torch's own argument parser would.

Arguments are told by their *kinds*, so this knows neither documents nor torch. A kind is "any" (a wire of unknown
type), a type word ("Tensor", "int", "float", "bool", "complex", "str", "None", "dtype", "Size", "list" …), "*" for a ``*starred`` argument, or a
tuple of kinds for a list or tuple display.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias, Union

from msgspec import Struct

from guigrad.ops.spec import REQUIRED, OpSpec, Overload, Param

Kind: TypeAlias = Union[str, tuple["Kind", ...]]

EXACT, IMPLICIT, LENIENT, NEVER = 0, 1, 2, 3
"""How well a value fits a parameter: as it is, by a conversion torch makes or by what a wire may carry, only perhaps, not at all."""

ALIASES: Mapping[str, tuple[str, ...]] = {
    "input": ("self",),
    "self": ("input",),
    "x": ("self", "input"),
    "x1": ("self", "input"),
    "x2": ("other",),
    "a": ("self", "input"),
    "axis": ("dim", "dim0"),
    "axes": ("dim", "dims"),
    "axis0": ("dim0",),
    "axis1": ("dim1",),
    "dim": ("axis",),
    "dims": ("dim",),
    "keepdims": ("keepdim",),
    "other": ("exponent",),
}
"""Second names that torch takes for a parameter (its own spelling, NumPy's)."""

_NUMBERS = ("int", "float", "bool", "complex")
_SEQUENCES = ("list", "tuple", "Size", "range", "Tensor[]", "int[]", "float[]")
_FIT: Mapping[str, Mapping[str, int]] = {
    "Tensor": {
        "Tensor": EXACT,
        "bool": LENIENT,
        "int": LENIENT,
        "float": LENIENT,
        "complex": LENIENT,
        "Scalar": LENIENT,
    },
    "int": {"int": EXACT, "bool": IMPLICIT, "Scalar": IMPLICIT, "Tensor": LENIENT},
    "float": {"float": EXACT, "int": IMPLICIT, "bool": IMPLICIT, "Scalar": IMPLICIT, "Tensor": LENIENT},
    "complex": {"complex": EXACT, "float": IMPLICIT, "int": IMPLICIT, "bool": IMPLICIT, "Scalar": IMPLICIT},
    "Scalar": {"Scalar": EXACT, "int": EXACT, "float": EXACT, "bool": EXACT, "complex": EXACT, "Tensor": LENIENT},
    "bool": {"bool": EXACT},
    "str": {"str": EXACT},
    "dtype": {"dtype": EXACT, "type": IMPLICIT},
    "device": {"device": EXACT, "str": EXACT, "int": IMPLICIT},
}


class Place(Struct, frozen=True):
    """Where one value of a call goes: ``where`` is its position or keyword, ``index`` its place inside a display.

    ``param`` is the parameter's name, ``path`` the port path (``self``, ``tensors[0]``, ``size[1]``), ``type`` what it takes there.
    """

    where: int | str
    index: tuple[int, ...]
    param: str
    path: str
    type: str


class Binding(Struct, frozen=True):
    """What goes where. ``problem`` is "" when the call fits ``overload``; otherwise the rest is the best guess."""

    overload: Overload
    places: tuple[Place, ...] = ()
    missing: tuple[str, ...] = ()
    problem: str = ""
    level: int = EXACT

    def params(self) -> dict[str, Param]:
        """The overload's parameters by name, the star of ``*values`` left out."""
        return {param.name.lstrip("*"): param for param in self.overload.params}


def kind_of(value: object, other: Callable[[object], Kind] | None = None) -> Kind:
    """The kind of a plain Python value; ``other`` tells the kinds of everything else (wires, symbols …)."""
    if value is None:
        return "None"
    if isinstance(value, tuple | list):
        return tuple(kind_of(item, other) for item in value)
    if isinstance(value, bool | int | float | complex | str):
        return type(value).__name__
    return "any" if other is None else other(value)


def element(type_: str) -> str:
    """What one element of a list type is: ``int[2]`` -> int, ``Tensor?[]`` -> Tensor?."""
    return type_.removesuffix("?").partition("[")[0] if "[" in type_ else "any"


def fits(kind: Kind, type_: str) -> int:
    """How well a value of this kind goes into a parameter of this type."""
    if "|" in type_:
        return min(fits(kind, part) for part in type_.split("|"))
    if type_ in ("any", "any?"):
        return EXACT
    optional = type_.endswith("?")
    if kind == "None":
        return EXACT if optional or type_ == "None" else NEVER
    if kind == "any":
        return EXACT if type_.startswith("Tensor") and "[" not in type_ else IMPLICIT
    base = type_.removesuffix("?")
    if "[" in base:
        return _fits_list(kind, base)
    if isinstance(kind, tuple):
        return EXACT if base in ("list", "tuple") else NEVER
    if kind == base:
        return EXACT
    return _FIT.get(base, {}).get(kind, NEVER)


def _fits_list(kind: Kind, type_: str) -> int:
    item = element(type_)
    if isinstance(kind, tuple):
        return max((fits(part, item) for part in kind if part != "*"), default=EXACT)
    if kind == type_ or kind in _SEQUENCES:
        return EXACT if item != "Tensor" or kind in ("list", "tuple", "Tensor[]") else NEVER
    fixed = type_[type_.index("[") + 1 : -1] != ""
    if item.removesuffix("?") in ("int", "float", "bool", "Scalar") and fixed:  # one number stands for int[2]
        return fits(kind, item)
    return LENIENT if kind == "Tensor" else NEVER


def bind(spec: OpSpec, args: Sequence[Kind], kwargs: Mapping[str, Kind] | None = None) -> Binding:
    """Binds to the overload that fits best, the first of equals; if none fits, to the nearest one, saying what is wrong."""
    return bind_overloads(spec.overloads, args, kwargs or {}, spec.key)


def bind_overloads(
    overloads: Sequence[Overload], args: Sequence[Kind], kwargs: Mapping[str, Kind], name: str = "call"
) -> Binding:
    """As ``bind``, on bare overloads."""
    best: Binding | None = None
    wrong: Binding | None = None
    for candidate in overloads or (Overload((Param("*args", "any", []),), ("any",)),):
        found = _bind_one(candidate, args, kwargs, name)
        if found.problem:
            if wrong is None or len(found.places) > len(wrong.places):
                wrong = found
        elif best is None or found.level < best.level:
            best = found
            if best.level == EXACT:
                break
    result = best or wrong
    assert result is not None  # there is always one candidate
    return result


def _bind_one(overload: Overload, args: Sequence[Kind], kwargs: Mapping[str, Kind], name: str) -> Binding:
    positional = [param for param in overload.params if not param.keyword_only]
    bound: dict[str, list[tuple[int | str, Kind, int | None]]] = {}  # (where, kind, place among varargs)
    problem = ""
    at = 0
    starred = False
    for where, kind in enumerate(args):
        if kind == "*":
            starred = True
            if at < len(positional):  # how many it stands for is known when it runs: show it at the first free one
                bound.setdefault(positional[at].name, []).append((where, "any", 0))
            continue
        if at >= len(positional):
            problem = problem or f"{name} takes at most {len(positional)} arguments, {len(args)} were given"
            break
        param = positional[at]
        if (
            param.name.startswith("*") and "[" in param.type and isinstance(kind, tuple)
        ):  # meshgrid([a, b]) for meshgrid(a, b)
            bound.setdefault(param.name, []).append((where, kind, None))
            continue
        if param.name.startswith("*") or _takes_the_rest(param, positional, at, args):
            bound.setdefault(param.name, []).append((where, kind, where - at))
            continue
        bound[param.name] = [(where, kind, None)]
        at += 1
    for keyword, kind in kwargs.items():
        known = _parameter(overload, keyword)
        if known is None or known.name.startswith("*"):
            problem = problem or f"{name} has no parameter named {keyword!r}"
        elif known.name in bound:
            problem = problem or f"{name} got {keyword!r} twice"
        else:
            bound[known.name] = [(keyword, kind, None)]
    missing = tuple(p.name for p in overload.params if p.default == REQUIRED and p.name not in bound)
    if missing and not starred:
        problem = problem or f"{name} needs a value for {missing[0]!r}"
    level = EXACT
    places: list[Place] = []
    for param in overload.params:
        for source, kind, count in bound.get(param.name, ()):
            type_ = param.type
            if (count is not None and not param.name.startswith("*")) or (count is not None and "[" in type_):
                type_ = element(type_)
            fit = fits(kind, type_)
            if fit == NEVER:
                problem = problem or f"{param.name.lstrip('*')!r} of {name} takes {type_}, not {_words(kind)}"
            level = max(level, fit)
            path = param.name.lstrip("*")
            places.extend(_places(source, (), kind, path, path if count is None else f"{path}[{count}]", type_))
    return Binding(overload, tuple(places), missing, problem, level)


def _takes_the_rest(param: Param, positional: Sequence[Param], at: int, args: Sequence[Kind]) -> bool:
    """``x.view(2, 3)`` and ``torch.randn(2, 3)``: numbers one by one where the one positional parameter is a list of them."""
    own = at == 1 and positional[0].name in ("self", "input")
    if len(positional) != at + 1 or not (at == 0 or own) or not param.type.startswith(("int[", "Scalar[")):
        return False
    if isinstance(args[at], tuple) or args[at] in _SEQUENCES:
        return False
    return len(args) - at > 1 or (fits(args[at], param.type) == NEVER and args[at] in ("int", "bool"))


def _parameter(overload: Overload, keyword: str) -> Param | None:
    names = {param.name: param for param in overload.params}
    for name in (keyword, *ALIASES.get(keyword, ())):
        if name in names:
            return names[name]
    return None


def _places(where: int | str, index: tuple[int, ...], kind: Kind, name: str, path: str, type_: str) -> Iterator[Place]:
    yield Place(where, index, name, path, type_)
    if isinstance(kind, tuple):
        item = element(type_)
        for number, part in enumerate(kind):
            yield from _places(where, (*index, number), part, name, f"{path}[{number}]", item)


def _words(kind: Kind) -> str:
    return "a list of values" if isinstance(kind, tuple) else str(kind)
