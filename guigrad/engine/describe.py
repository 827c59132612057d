"""What a row says about itself: the first sentence of torch's own docstring, and the family a name belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import torch

from guigrad.ops.spec import Overload

_SIGNS: Final = {
    **dict.fromkeys(("ge", "geq"), "≥"),
    **dict.fromkeys(("le", "leq"), "≤"),
    **dict.fromkeys(("ne", "neq"), "≠"),
    "times": "×",
    "cdot": "·",
    "infty": "∞",
    "pi": "π",
    "rightarrow": "→",
    "mathbb": "",
    "lceil": "⌈",
    "rceil": "⌉",
    "lfloor": "⌊",
    "rfloor": "⌋",
    "lVert": "‖",
    "rVert": "‖",
}

_MARKS: Final[tuple[tuple[re.Pattern[str], Any], ...]] = (
    (re.compile(r"\.\. \w+::.*?(?=\n\n|\Z)", re.DOTALL), ""),
    (re.compile(r":math:`([^`]*)`"), r"\1"),
    (re.compile(r":\w+(?::\w+)?:`~?([^`<]*?)(?:\s*<[^>]*>)?`"), r"\1"),
    (re.compile(r"`([^`<]+?)\s*<[^>]*>`__?"), r"\1"),
    (re.compile(r"`{1,2}|\*\*"), ""),
    (re.compile(r"\\(?:text(?:bf|tt)?|operatorname|math\w+|left|right|big|Big)\b\*?"), ""),
    (re.compile(r"\\(?:frac|dfrac)\{([^{}]*)\}\{([^{}]*)\}"), r"\1/\2"),
    (
        re.compile(r"\\(geq?|leq?|neq?|times|cdot|infty|pi|lceil|rceil|lfloor|rfloor|rightarrow|mathbb|lVert|rVert)\b"),
        lambda m: _SIGNS[m[1]],
    ),
    (re.compile(r"\\([a-zA-Z]+)"), r"\1"),
    (re.compile(r"\\[,;! ]|[{}]"), ""),
    (re.compile(r"\s+"), " "),
)
_SIGNATURE: Final = re.compile(r"^\s*[\w.]+\s*\(.*?\)\s*(->.*)?$", re.DOTALL)


def first_sentence(namespace: str, name: str, function: Any) -> str:
    """The first sentence of the docstring in plain words; derived from the name where torch has none."""
    if name.endswith("_"):
        plain = name[:-1]
        if callable(getattr(torch, plain, None)) or hasattr(torch.Tensor, plain) or hasattr(torch.nn.functional, plain):
            return f"In-place version of {plain}."
    found = _told(function)
    for other in (torch, torch.nn.functional, torch.Tensor):
        found = found or _told(getattr(other, name, None))
    if not found and name.endswith("_copy"):
        return f"A copy where {name.removesuffix('_copy')} gives a view."
    return found or f"The operation {name} of {namespace}."


def _told(function: Any, depth: int = 0) -> str:
    """The first sentence of a docstring; one that only points to another function gives that one's."""
    found = _sentence(getattr(function, "__doc__", None) or "")
    points = re.match(r"^([Ss]ee|Alias (?:for|of)) (torch\.)?([\w.]+?)\(?\)?\.?$", found)
    if not points or depth > 3:
        return found
    told = _told(_lookup(f"torch.{points[3]}"), depth + 1)
    if not points[1].startswith("A"):
        return told
    return f"{found.rstrip('.')}: {told[0].lower()}{told[1:]}" if told and not told.startswith("Alias") else found


def _lookup(path: str) -> Any:
    found: Any = torch
    for part in path.split(".")[1:]:
        found = getattr(found, part, None)
    return found


def _sentence(doc: str) -> str:
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", doc.strip()) if part.strip()]
    for paragraph in paragraphs:
        lines = paragraph.split("\n")
        while lines and _SIGNATURE.match(lines[0]):
            lines.pop(0)
        text = "\n".join(lines)
        for pattern, replacement in _MARKS:
            text = pattern.sub(replacement, text)
        text = text.strip()
        if not text or _SIGNATURE.match(text) or text.startswith(("->", "Args:", ">>>")):
            continue
        end = re.search(r"(?<!e\.g)(?<!i\.e)(?<!vs)(?<!etc)[.:](?=\s|$)", text)
        sentence = text[: end.start()] if end else text
        return sentence.rstrip(" .:") + "." if len(sentence) <= 240 else sentence[:237].rsplit(" ", 1)[0] + " …"
    return ""


_FAMILY: Final = {
    "torch.linalg": "linear algebra",
    "torch.fft": "fft",
    "torch.special": "special",
    "torch.masked": "masked",
    "torch.sparse": "sparse",
    "torch.signal.windows": "windows",
    "torch.nn.init": "initialisation",
}


def family_of(namespace: str, name: str, overloads: Sequence[Overload]) -> str:
    """The group a generated row is listed under."""
    if namespace in _FAMILY:
        return _FAMILY[namespace]
    if name.endswith("_"):
        return "in-place"
    if name.endswith(("loss", "_loss_with_logits")) or name in ("cross_entropy", "binary_cross_entropy", "kl_div"):
        return "loss"
    if not any(param.is_port for overload in overloads for param in overload.params):
        return "leaves"
    if any(kind == "bool" for overload in overloads for kind in overload.returns):
        return "questions"
    if namespace == "torch.nn.functional":
        return "network"
    return "operations"
