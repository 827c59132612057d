"""An exception in an override of Qt's virtual methods is told, and does not end the program.

Note [Exceptions in overrides]
Before Python 3.12 an exception that C code raises (an index out of range, an object that Qt has deleted) travels as a class and a bare text until
Python catches it. PySide 6.11 takes that text for the exception itself and crashes. Caught and raised again in Python it is whole. So every
override of this package's classes is called through a function that does just that; from Python 3.12 on there is nothing to do.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

from PySide6.QtCore import QObject

OURS = "guigrad."


def overrides() -> None:
    """Guards the classes that there are and those that will be imported; called again it does nothing. Thread: the GUI thread."""
    if sys.version_info >= (3, 12):
        return
    todo, seen = list(QObject.__subclasses__()), set()
    while todo:
        kind = todo.pop()
        if kind not in seen:
            seen.add(kind)
            todo += kind.__subclasses__()
            _guard(kind)
    QObject.__init_subclass__ = classmethod(_made)  # type: ignore[assignment]  # classes of lazily imported modules


def _made(kind: type[Any], /, **settings: Any) -> None:
    _guard(kind)


def _guard(kind: type[Any]) -> None:
    if not kind.__module__.startswith(OURS):
        return
    qt = [base for base in kind.__mro__[1:] if base.__module__.startswith("PySide6")]
    for name, made in list(vars(kind).items()):
        if (
            isinstance(made, FunctionType)
            and not hasattr(made, "__wrapped__")
            and any(name in vars(base) for base in qt)
        ):
            setattr(kind, name, _whole(made))


def _whole(override: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(override)
    def call(*args: Any, **named: Any) -> Any:
        try:
            return override(*args, **named)
        except BaseException:  # caught, it is made whole
            raise

    return call
