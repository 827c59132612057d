"""A formula of the op table (a small part of TeX) as rich text for a label."""

from __future__ import annotations

import html
import re
from typing import Final

SIGNS: Final = {
    "cdot": "·", "times": "×", "odot": "⊙", "oslash": "⊘", "sum": "Σ", "prod": "Π", "partial": "∂", "nabla": "▽", "infty": "∞", "to": "→",
    "top": "ᵀ", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "in": "∈", "pm": "±", "mp": "∓", "sqrt": "√", "alpha": "α",
    "beta": "β", "gamma": "γ", "delta": "δ", "Delta": "Δ", "epsilon": "ε", "varepsilon": "ε", "eta": "η", "theta": "θ", "lambda": "λ", "mu": "μ",
    "nu": "ν", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "varphi": "φ", "Phi": "Φ", "psi": "ψ", "omega": "ω", "ell": "ℓ", "ldots": "…", "dots": "…",
    "cdots": "⋯", "quad": "  ", "qquad": "    ", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "mid": "|", "langle": "⟨",
    "rangle": "⟩", "Rightarrow": "⇒", "rightarrow": "→", "mapsto": "↦", "ast": "∗", "star": "⋆", "circ": "∘", "forall": "∀",
    "left": "", "right": "", "bigl": "", "bigr": "", "big": "", "limits": "", "displaystyle": "", ",": " ", ";": " ", ":": " ", "!": "", "|": "‖", "{": "{", "}": "}", " ": " ",
}  # fmt: skip

_TOKEN: Final = re.compile(r"\\([A-Za-z]+|.)|([_^])|([{}])|(\s+)|(.)", re.DOTALL)


def rich_text(tex: str) -> str:
    """Rich text of a formula; what is not understood stays as its letters."""
    tokens = [match.group(0) for match in _TOKEN.finditer(tex.replace("$", ""))]
    text, _ = _sequence(tokens, 0)
    return text


def _sequence(tokens: list[str], place: int) -> tuple[str, int]:
    parts: list[str] = []
    while place < len(tokens) and tokens[place] != "}":
        part, place = _one(tokens, place)
        parts.append(part)
    return "".join(parts), place


def _one(tokens: list[str], place: int) -> tuple[str, int]:
    if place >= len(tokens):
        return "", place
    token = tokens[place]
    if token == "{":
        inner, place = _sequence(tokens, place + 1)
        return inner, place + 1
    if token in "_^":
        inner, place = _argument(tokens, place + 1)
        if inner == "ᵀ":
            return inner, place
        tag = "sub" if token == "_" else "sup"
        return f"<{tag}>{inner}</{tag}>", place
    if not token.startswith("\\"):
        return (" " if token.isspace() else f"<i>{token}</i>" if token.isalpha() else html.escape(token)), place + 1
    name = token[1:]
    if name in ("frac", "tfrac", "dfrac"):
        over, place = _argument(tokens, place + 1)
        under, place = _argument(tokens, place)
        return f"{_grouped(over)}/{_grouped(under)}", place
    if name in ("bar", "overline", "hat", "tilde"):
        inner, place = _argument(tokens, place + 1)
        mark = {"hat": "\u0302", "tilde": "\u0303"}.get(name, "\u0304")
        return inner.replace("</i>", f"{mark}</i>") if "</i>" in inner else inner + mark, place
    if name == "sqrt":
        inner, place = _argument(tokens, place + 1)
        return f"√{_grouped(inner)}", place
    if name in ("mathrm", "text", "operatorname", "mathbf", "mathbb", "mathcal", "boldsymbol"):
        inner, place = _argument(tokens, place + 1)
        return re.sub(r"</?i>", "", inner), place
    return html.escape(SIGNS.get(name, name)), place + 1


def _argument(tokens: list[str], place: int) -> tuple[str, int]:
    while place < len(tokens) and tokens[place].isspace():
        place += 1
    return _one(tokens, place)


def _grouped(text: str) -> str:
    plain = re.sub(r"<[^>]*>", "", text)
    return text if len(plain) <= 2 or plain.isalnum() else f"({text})"
