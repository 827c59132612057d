"""Constants as Python text."""

from __future__ import annotations

import math
import re
from typing import Final

UNARY: Final = 11
SUM: Final = 9
ATOM: Final = 14
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def text_literal(text: str) -> str:
    """A string, in double quotes where that needs no escapes."""
    shown = repr(text)
    if shown[0] == "'" and '"' not in text:
        return f'"{shown[1:-1]}"'
    return shown


def docstring(text: str) -> str:
    """A string that stands alone: over several lines as it was written."""
    if "\n" in text and "\\" not in text and '"' not in text and all(c.isprintable() or c == "\n" for c in text):
        return f'"""{text}"""'
    return text_literal(text)


def documentation(text: str) -> list[str]:
    """The docstring of a function, line by line."""
    if "\\" in text or '"' in text or not all(c.isprintable() or c == "\n" for c in text):
        return [text_literal(text)]
    return [*f'"""{text}'.split("\n"), '"""'] if "\n" in text else [f'"""{text}"""']


def number(value: complex) -> tuple[str, int]:
    """A number and its precedence."""
    if isinstance(value, complex):
        return _complex(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value!r}")', ATOM
    try:
        text = repr(value)
    except ValueError:  # more digits than Python converts
        text = hex(value)
    return text, UNARY if text[0] == "-" else ATOM


def _complex(value: complex) -> tuple[str, int]:
    real, imag = value.real, value.imag
    if not (math.isfinite(real) and math.isfinite(imag)) or math.copysign(1, real) < 0 == real:
        parts = ", ".join(number(part)[0] for part in (real, imag))
        return f"complex({parts})", ATOM
    shown = repr(complex(0, abs(imag)))
    if math.copysign(1, imag) > 0:
        return (shown, ATOM) if real == 0 else (f"{repr(real).removesuffix('.0')} + {shown}", SUM)
    if imag == 0 or real == 0:  # 1 - 0j is 1+0j, and -(0.5j) has a real part of -0.0
        return f"complex({real!r}, {imag!r})", ATOM
    return f"{repr(real).removesuffix('.0')} - {shown}", SUM
