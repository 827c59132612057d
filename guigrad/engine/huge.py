"""Arithmetic of Python integers that would take minutes or all memory is refused before it begins.

A literal can be written in ten characters that no machine can compute (``10**10**10``), and nothing can interrupt Python while it tries.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

MOST_BITS = 1 << 23
"""The longest integer that is computed; it takes about a second."""

_MOST_FACTORIAL = 100_000


def refuse_huge(base: int, exponent: object) -> None:
    """Raises: OverflowError when ``base ** exponent`` has more than ``MOST_BITS`` binary digits."""
    if type(exponent) is int and exponent > 0:
        _refuse((base.bit_length() - 1) * exponent, f"{_short(base)}**{_short(exponent)}")


def _refuse(bits: int, what: str) -> None:
    if bits > MOST_BITS:
        raise OverflowError(f"{what} is an integer of about {_short(bits)} binary digits: it is not computed.")


def _short(number: int) -> str:
    return f"{number:,}" if number.bit_length() < 60 else f"2**{number.bit_length() - 1:,}"


def _power(fn: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def call(base: Any, exponent: Any) -> Any:
        if type(base) is int:
            refuse_huge(base, exponent)
        return fn(base, exponent)

    return call


def _shift(fn: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def call(value: Any, count: Any) -> Any:
        if type(value) is int and type(count) is int and value:
            _refuse(count, f"{_short(value)} << {_short(count)}")
        return fn(value, count)

    return call


def _factorial(number: Any) -> int:
    if type(number) is int and number > _MOST_FACTORIAL:
        raise OverflowError(f"The factorial of {_short(number)} is too long an integer: it is not computed.")
    return math.factorial(number)


BOUNDED: dict[str, Callable[..., Any]] = {
    "operator.pow": _power(operator.pow),
    "operator.ipow": _power(operator.ipow),
    "operator.lshift": _shift(operator.lshift),
    "operator.ilshift": _shift(operator.ilshift),
    "math.factorial": _factorial,
}
"""What takes the place of an op whose result may be an integer without end."""
