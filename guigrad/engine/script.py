"""``guigrad run --as-script``: the program prints what Python prints.

Note [Warnings]
Python words a warning by the file and line of the frame that caused it, and shows it once for each place. Here that frame is one of ours, so
every warning is let through, its place is corrected to the script's line, and then Python's own filters decide.
"""

from __future__ import annotations

import linecache
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import torch

from guigrad.document.expand import expand
from guigrad.document.model import Document, callee
from guigrad.document.problem import Problem, ProblemError
from guigrad.engine.arguments import NotWired, Refused
from guigrad.engine.build import Plan
from guigrad.engine.device import Ambient
from guigrad.engine.memory import limited
from guigrad.source.parse.parser import parse

_HERE = str(Path(__file__).resolve().parent) + os.sep


def run_script(source: str | Document, path: str, stdout: TextIO | None = None, stderr: TextIO | None = None) -> int:
    """Plays a script (its text, or the document read from it) and gives the exit status that Python would give.

    Output already printed stays when an error ends it. A script that is not understood whole is not begun: its problems are listed.
    """
    out, err = stdout or sys.stdout, stderr or sys.stderr
    shown = "<stdin>" if path in ("-", "", "<stdin>") else os.path.abspath(path)
    filters = _Filters(shown, err)
    try:
        with warnings.catch_warnings():
            filters.listen()
            document = parse(source, path) if isinstance(source, str) else source
            if isinstance(source, str) and not _wrong(document.problems):
                compile(source, shown, "exec", dont_inherit=True)  # for Python's own warnings about the text; never run
    except (ProblemError, SyntaxError, ValueError) as error:
        problems = error.problems if isinstance(error, ProblemError) else (Problem(str(error), "syntax"),)
        return _refuse(problems, path, err)
    if _wrong(document.problems):
        return _refuse(document.problems, path, err)
    if isinstance(source, str) and shown != "<stdin>":
        lines = source.splitlines(keepends=True)
        linecache.cache[shown] = (len(source), None, lines, shown)
    return _play(document, path, shown, out, err, filters)


def _play(source: Document, path: str, shown: str, out: TextIO, err: TextIO, filters: _Filters) -> int:
    document = expand(source)
    plan = Plan(document, partial(print, file=out))
    filters.line = lambda: document.lines.get(plan.current or "", (0, 0))[0]
    try:
        with Ambient().active(), limited(), warnings.catch_warnings():
            filters.listen()
            if document.settings.device != "cpu":
                torch.set_default_device(document.settings.device)
            plan.run()
    except Exception as error:
        out.flush()
        line, column = document.lines.get(plan.failed or "", (0, 0))
        if isinstance(error, Refused | NotWired) or type(error) is LookupError:
            return _refuse((Problem(str(error), "unknown op", line=line, column=column + 1),), path, err)
        for line, name in _frames(source, document, plan.failed or ""):
            text = linecache.getline(shown, line).strip()
            err.write(f'  File "{shown}", line {line}, in {name}\n' + (f"    {text}\n" if text else ""))
        err.write("".join(traceback.format_exception_only(error)))
        err.flush()
        return 1
    out.flush()
    return 0


def _frames(source: Document, document: Document, key: str) -> Iterator[tuple[int, str]]:
    """(line, name of what it stands in) of each call on the way to an item, and of the item, as Python's traceback has them."""
    path, name = "", "<module>"
    for part in key.split("/"):
        path = f"{path}/{part}" if path else part
        line, _ = document.lines.get(path, (0, 0))
        if line:
            yield line, name
        call = source.nodes.get(part)
        function = source.functions.get(callee(call) or "") if call is not None else None
        if function is None:
            return
        name = function.name


def _wrong(problems: Sequence[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)


def _refuse(problems: Sequence[Problem], path: str, err: TextIO) -> int:
    for problem in problems:
        place = f":{problem.line}:{max(problem.column, 1)}" if problem.line else ""
        err.write(f"{path}{place}: {problem.message}\n")
    err.flush()
    return 1


class _Filters:
    """Decides which warnings are shown, and where they say they come from. See Note [Warnings]."""

    def __init__(self, path: str, err: TextIO) -> None:
        self._path, self._err = path, err
        self._rules = list(warnings.filters)
        self._seen: dict[str, set[Any]] = {}
        self.line: Callable[[], int] = lambda: 0

    def listen(self) -> None:
        """Lets every warning come here; inside ``warnings.catch_warnings()``."""
        warnings.simplefilter("always")
        warnings.showwarning = self._show

    def _show(
        self, message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any, **__: Any
    ) -> None:
        module = "__main__"
        if filename.startswith(_HERE):
            filename, lineno = self._path, self.line()
        elif filename != self._path:
            module = _module_of(filename)
        if self._is_shown(str(message), message, category, filename, lineno, module):
            self._err.write(warnings.formatwarning(message, category, filename, lineno))
            self._err.flush()

    def _is_shown(
        self, text: str, message: Warning | str, category: type[Warning], filename: str, lineno: int, module: str
    ) -> bool:
        """What ``warnings.warn_explicit`` does."""
        key: Any = (text, category, lineno)
        seen = self._seen.setdefault(filename, set())
        if key in seen:
            return False
        action = "default"
        for rule, pattern, kind, where, at in self._rules:
            if (
                (pattern is None or _matches(pattern, text))
                and issubclass(category, kind)
                and (where is None or _matches(where, module))
                and at in (0, lineno)
            ):
                action = rule
                break
        if action == "ignore":
            return False
        if action == "error":
            raise message if isinstance(message, Warning) else category(message)
        if action == "always":
            return True
        if action in ("once", "module"):
            key = (text, category, 0)
            seen = self._seen.setdefault("" if action == "once" else filename, set())
            if key in seen:
                return False
        seen.add(key)
        return True


def _matches(pattern: Any, text: str) -> bool:
    """A filter's pattern: compiled, or the exact text that the interpreter's own filters have."""
    return pattern == text if isinstance(pattern, str) else pattern.match(text) is not None


def _module_of(filename: str) -> str:
    for name, module in list(sys.modules.items()):
        if getattr(module, "__file__", None) == filename:
            return name
    return filename.removesuffix(".py") or "<unknown>"
