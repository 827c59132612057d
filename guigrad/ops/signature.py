"""Rows and signatures as one line of text, the way the hand-written rows are declared.

``target(self: Tensor, dim: int = 0, *, keepdim: bool = False) -> Tensor, Tensor ! effect # what it does``

A parameter without a type is "any"; ``*values`` takes any number of values; everything behind a bare ``*`` is keyword-only. A default is a
Python literal or the dotted name of a constant. Several lines with one target are its overloads.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any, Final

from msgspec import structs

from guigrad.ops.spec import REQUIRED, OpSpec, Overload, Param

_COMMA: Final = re.compile(r", (?![^\[]*\])")  # not the comma inside [0.9, 0.999]


def default(text: str) -> Any:
    """A default as the row keeps it: a JSON literal, {"sym": dotted name} or {"float": "inf"} for what JSON cannot write."""
    if text[0].isalpha() and text not in ("True", "False", "None"):
        return {"sym": text}
    value = ast.literal_eval(text)
    return list(value) if isinstance(value, tuple) else value


def param(text: str, keyword_only: bool = False) -> Param:
    """One ``name: type = default``."""
    head, _, given = text.partition("=")
    name, _, kind = head.partition(":")
    value: Any = REQUIRED
    if given:
        value = default(given.strip())
    elif name.startswith("*"):
        value = []
    return Param(name.strip(), kind.strip() or "any", value, keyword_only)


def overload(text: str) -> Overload:
    """``(a: Tensor, *, b: int = 1) -> Tensor, int`` as an Overload."""
    inside, _, after = text.rpartition(")")
    params: list[Param] = []
    keyword_only = False
    for part in _COMMA.split(inside.lstrip().removeprefix("(")):
        if part == "*":
            keyword_only = True
        elif part:
            params.append(param(part, keyword_only))
            keyword_only = keyword_only or part.startswith("*")
    returns = after.partition("->")[2].strip()
    return Overload(tuple(params), tuple(returns.split(", ")) if returns else ("any",))


def rows(text: str, family: str) -> Iterable[OpSpec]:
    """The rows that a block of lines declares, in order, overloads of one target together."""
    found: dict[str, OpSpec] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        declared, _, doc = line.partition(" # ")
        declared, _, effect = declared.partition(" ! ")
        target, opened, rest = declared.strip().partition("(")
        made = overload(opened + rest)
        known = found.get(target)
        if known is None:
            found[target] = OpSpec(
                key=target.removeprefix("torch.").removeprefix("builtins.").removeprefix("python."),
                targets=(target,),
                overloads=(made,),
                family=family,
                doc=doc.strip(),
                effect=effect.strip(),
            )
        else:
            found[target] = structs.replace(known, overloads=(*known.overloads, made))
    return found.values()


def text(way: Overload) -> str:
    """One overload on one line: ``(self: Tensor, dim: int = 0, *, keepdim: bool = False) -> Tensor``."""
    said: list[str] = []
    keyword_only = False
    for one in way.params:
        if one.keyword_only and not keyword_only:
            said.append("*")
            keyword_only = True
        given = "" if one.default == REQUIRED or one.name.startswith("*") else f" = {_shown(one.default)}"
        said.append(f"{one.name}{'' if one.type == 'any' else f': {one.type}'}{given}")
    return f"({', '.join(said)}) -> {', '.join(way.returns) or 'None'}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("sym") or value.get("float"))
    return repr(value)
