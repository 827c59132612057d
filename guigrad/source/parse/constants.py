"""Expressions that are one number, however it is written."""

from __future__ import annotations

import ast
from typing import Final

_FLOATS: Final = ("inf", "-inf", "nan", "infinity", "-infinity", "+inf")


def constant_number(expr: ast.expr) -> complex | None:
    """The number that ``--1``, ``1 + 2j``, ``float("inf")`` or ``complex(-0.0, 1.0)`` writes; None for any other expression."""
    match expr:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() | complex() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            number = constant_number(operand)
            return None if number is None else -number
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=ast.Constant(value=complex() as imag)):
            real = constant_number(left)
            if real is None or isinstance(real, complex):
                return None
            return real + imag if isinstance(op, ast.Add) else real - imag
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str(text))], keywords=[]):
            return float(text) if text.strip().lower() in _FLOATS else None
        case ast.Call(func=ast.Name(id="complex"), args=[first, second], keywords=[]):
            parts = constant_number(first), constant_number(second)
            if isinstance(parts[0], int | float) and isinstance(parts[1], int | float):
                return complex(parts[0], parts[1])
    return None
