"""Which parameter each argument of a node is, by its row of the op table."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from msgspec import Struct

from guigrad.document.array import NUMPY, ArrayData
from guigrad.document.model import DictOf, Format, In, ListOf, Node, Slice, Star, Sym, Value
from guigrad.document.template import Place
from guigrad.ops.bind import Binding, Kind, bind, bind_overloads, kind_of
from guigrad.ops.spec import REQUIRED, Overload, Param
from guigrad.ops.table import find


class Head(Struct, frozen=True):
    """One argument of the template and the parameter that it is: ``path`` is that one's name, with ``[k]`` if it takes many."""

    place: Place
    path: str
    param: Param | None


UNKNOWN = Param("", "any")

DTYPES = frozenset(NUMPY) | {
    "bfloat16", "float", "double", "half", "int", "long", "short", "bool", "complex32", "chalf", "cfloat", "cdouble",
    "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "qint8", "quint8", "qint32",
}  # fmt: skip
_SYMBOLS: dict[str, str] = {
    **dict.fromkeys(DTYPES, "dtype"),
    **dict.fromkeys(("contiguous_format", "channels_last", "channels_last_3d", "preserve_format"), "memory_format"),
    **dict.fromkeys(("strided", "sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc"), "layout"),
    **dict.fromkeys(("pi", "e", "inf", "nan", "tau"), "float"),
}
"""The kind of a constant, by the last part of its path."""


_PLAIN: dict[type, str] = {
    **{type_: type_.__name__ for type_ in (bool, int, float, complex, str)},
    In: "any",
    ArrayData: "Tensor",
    Star: "*",
    Slice: "slice",
    DictOf: "dict",
    Format: "str",
    type(None): "None",
}


def heads(node: Node) -> tuple[tuple[Head, ...], Overload | None]:
    """Every argument of a node's template with the parameter it is, and the overload that this call means (None: unknown op)."""
    kwargs = tuple((name, kind(value)) for name, value in node.kwargs)
    found, binding = _bound(node.op, tuple(map(kind, node.args)), kwargs, node.signature)
    return found, binding.overload if binding else None


def binding_of(op: str, args: tuple[Kind, ...], kwargs: tuple[tuple[str, Kind], ...]) -> Binding | None:
    """How a call with values of these kinds binds to its row; None for an unknown op."""
    return _bound(op, args, kwargs)[1]


@lru_cache(maxsize=8192)
def _bound(
    op: str, args: tuple[Kind, ...], kwargs: tuple[tuple[str, Kind], ...], signature: Overload | None = None
) -> tuple[tuple[Head, ...], Binding | None]:
    """Kept by kinds: a thousand additions bind in one and the same way."""
    spec = find(op)
    known: dict[int | str, Head] = {}
    taken: set[str] = set()
    binding = None
    if signature is not None:
        binding = bind_overloads((signature,), args, dict(kwargs))
    elif spec is not None and spec.overloads:
        binding = bind(spec, args, dict(kwargs))
    if binding is not None:
        params = binding.params()
        for place in binding.places:
            if not place.index and place.path not in taken:  # after a *starred argument nobody can count
                taken.add(place.path)
                known.setdefault(place.where, Head((place.where,), place.path, params.get(place.param)))
    result = [known.get(i) or Head((i,), f"arg{i}", None) for i in range(len(args))]
    result += [known.get(name) or Head((name,), name, None) for name, _ in kwargs]
    return tuple(result), binding


def choices(node: Node) -> tuple[Overload, ...]:
    """What a call means and what it becomes by giving more: the overloads that take all that is given as the same parameters and need
    no further wire. The one it means comes first, then the richest."""
    if node.signature is not None:
        return (node.signature,)
    return _choices(node.op, tuple(map(kind, node.args)), tuple((name, kind(value)) for name, value in node.kwargs))


@lru_cache(maxsize=4096)
def _choices(op: str, args: tuple[Kind, ...], kwargs: tuple[tuple[str, Kind], ...]) -> tuple[Overload, ...]:
    spec, meant = find(op), _bound(op, args, kwargs)[1]
    if spec is None or meant is None:
        return ()
    known = {(place.where, place.index): place.param for place in meant.places}
    found = []
    for overload in spec.overloads:
        if overload is meant.overload or any(
            is_required(p) and p.is_port and p.name not in known.values() for p in overload.params
        ):
            continue
        eased = Overload(tuple(Param(p.name, p.type, None, p.keyword_only) for p in overload.params), overload.returns)
        binding = bind_overloads((eased,), args, dict(kwargs))
        if not binding.problem and {(place.where, place.index): place.param for place in binding.places} == known:
            found.append(overload)
    return (meant.overload, *sorted(found, key=lambda overload: -len(overload.params)))


def may_leave(node: Node, head: Head) -> bool:
    """Whether the call would still mean something without one of its arguments."""
    place = head.place[0]
    if isinstance(place, int) and place != len(node.args) - 1:
        return False
    args = tuple(map(kind, node.args if isinstance(place, str) else node.args[:-1]))
    kwargs = tuple((name, kind(value)) for name, value in node.kwargs if name != place)
    found = binding_of(node.op, args, kwargs)
    return found is not None and not found.problem


def kind(value: Value) -> Kind:
    """What ``bind`` needs to know of a value."""
    return _PLAIN.get(type(value)) or kind_of(value, _kind)


def _kind(value: object) -> Kind:
    match value:
        case ListOf():
            return tuple(kind(item) for item in value.items)
        case Sym():
            return _SYMBOLS.get(value.path.rpartition(".")[2], "any")
    return "ellipsis" if value is Ellipsis else "any"


def is_required(param: Param) -> bool:
    """It has no default."""
    return isinstance(param.default, str) and param.default == REQUIRED


def default_of(param: Param) -> Value:
    """A parameter's default as a Value; ``In()`` for a required port, None for any other without one."""
    if is_required(param):
        return In() if param.is_port and not param.is_list else None
    return _from_json(param.default)


def _from_json(default: Any) -> Value:
    match default:
        case {"sym": str(path)}:
            return Sym(path)
        case list():
            return ListOf(tuple(_from_json(item) for item in default))
    return default  # type: ignore[no-any-return]  # a JSON literal
