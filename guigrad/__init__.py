"""Wire PyTorch computations on a canvas and watch autograd work.

The names are looked up when first used: importing guigrad imports neither torch nor Qt.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import guigrad.document.edit as edit  # noqa: F401  # a public name
    from guigrad.api import Result as Result
    from guigrad.api import Session as Session
    from guigrad.api import call as call
    from guigrad.datasets.script import data as data
    from guigrad.document.file import save as save
    from guigrad.document.model import Document as Document
    from guigrad.document.problem import Fix as Fix
    from guigrad.document.problem import Problem as Problem
    from guigrad.document.problem import ProblemError as ProblemError
    from guigrad.engine.racing import race as race
    from guigrad.engine.racing import sweep as sweep
    from guigrad.files.load import load as load
    from guigrad.interop.live import from_tensor as from_tensor
    from guigrad.interop.module import from_module as from_module
    from guigrad.interop.trace import trace as trace
    from guigrad.interop.window import show as show
    from guigrad.run.frame import Frame as Frame
    from guigrad.run.recorded import recorded as recorded
    from guigrad.source.emit import emit as emit
    from guigrad.source.parse.parser import parse as parse

_PLACES = {
    "Document": "guigrad.document.model:Document",
    "Fix": "guigrad.document.problem:Fix",
    "Frame": "guigrad.run.frame:Frame",
    "Problem": "guigrad.document.problem:Problem",
    "ProblemError": "guigrad.document.problem:ProblemError",
    "Result": "guigrad.api:Result",
    "Session": "guigrad.api:Session",
    "call": "guigrad.api:call",
    "data": "guigrad.datasets.script:data",
    "edit": "guigrad.document.edit",
    "emit": "guigrad.source.emit:emit",
    "from_module": "guigrad.interop.module:from_module",
    "from_tensor": "guigrad.interop.live:from_tensor",
    "load": "guigrad.files.load:load",
    "parse": "guigrad.source.parse.parser:parse",
    "race": "guigrad.engine.racing:race",
    "recorded": "guigrad.run.recorded:recorded",
    "save": "guigrad.document.file:save",
    "show": "guigrad.interop.window:show",
    "sweep": "guigrad.engine.racing:sweep",
    "trace": "guigrad.interop.trace:trace",
}

__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module 'guigrad' has no attribute {name!r}")
    module, _, attribute = place.partition(":")
    found = importlib.import_module(module)
    return getattr(found, attribute) if attribute else found


def __dir__() -> list[str]:
    return [*globals(), *_PLACES]
