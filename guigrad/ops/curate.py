"""How a curated row is written down: one call, with the targets as letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from guigrad.ops.spec import Example, OpSpec

WHERE: Final[Mapping[str, str]] = {
    "t": "torch.",
    "m": "torch.Tensor.",
    "F": "torch.nn.functional.",
    "l": "torch.linalg.",
    "s": "torch.special.",
    "o": "operator.",
}
"""Letters of the places where an op of one name may live."""


def row(
    family: str,
    key: str,
    where: str,
    about: str,
    *,
    vjp: Mapping[str, str] | None = None,
    tex: str = "",
    examples: Sequence[str] = (),
    errors: Sequence[str] = (),
    glyph: str = "",
    infix: str = "",
    aliases: str = "",
) -> OpSpec:
    """A front row. ``where`` lists its targets in order: letters ("mt") for its own key there, or dotted names."""
    targets: list[str] = []
    for word in where.split():
        targets += [word] if "." in word else [WHERE[letter] + key for letter in word]
    documented = next((target for target in targets if target.startswith("torch.")), "")
    return OpSpec(
        key=key,
        targets=tuple(targets),
        family=family,
        glyph=glyph,
        infix=infix,
        about=about,
        vjp=dict(vjp or {}),
        tex=tex,
        examples=tuple(Example(text) for text in examples),
        errors=tuple(Example(text) for text in errors),
        source=f"https://docs.pytorch.org/docs/stable/generated/{documented}.html" if documented else "",
        aliases=tuple(aliases.split(", ")) if aliases else (),
        front=True,
    )
