"""Comments and blank lines: found beside the statements, without tokenising the whole script."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from typing import Final

_BEHIND: Final = re.compile(r"[\s);]*(#.*)$")
_HEADER: Final = re.compile(r"[^#'\"]*:\s*(#.*)$")
_ELSE: Final = re.compile(r"\s*(?:else|elif|try|finally|except|with|for|if|while)\b[^#]*:\s*(#.*)$")


class Comments:
    """Hands out the comment and blank lines ahead of each statement, in the order of the statements."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.done = 0  # lines handed out so far

    def before(self, statement: ast.stmt) -> list[str]:
        """Whole lines between the last statement and this one, then comments inside it."""
        found = self._between(self.done, statement.lineno - 1)
        last = header_end(statement)[0]
        if last > statement.lineno:
            found += self._inside(statement.lineno, last)
        self.done = max(self.done, last)
        return found

    def after(self, statement: ast.stmt) -> str:
        """The comment behind a statement, or behind the header of a loop or branch."""
        line, column = header_end(statement)
        if not 0 < line <= len(self.lines):
            return ""
        rest = self.lines[line - 1].encode()[column:].decode(errors="replace")
        if "#" not in rest:
            return ""
        found = (_HEADER if hasattr(statement, "body") else _BEHIND).match(rest)
        return found[1].rstrip() if found else ""

    def rest(self) -> list[str]:
        """The lines behind the last statement."""
        return self._between(self.done, len(self.lines))

    def _between(self, start: int, stop: int) -> list[str]:
        found = []
        for line in self.lines[start:stop]:
            text = line.strip()
            if not text or text[0] == "#":
                found.append(text)
            elif "#" in text and (behind := _ELSE.match(text)):
                found.append(behind[1])
        return found

    def _inside(self, first: int, last: int) -> list[str]:
        segment = self.lines[first - 1 : last]
        if not any("#" in line for line in segment[:-1]):
            return []
        found = []
        try:
            for token in tokenize.generate_tokens(io.StringIO("\n".join(segment)).readline):
                if token.type == tokenize.COMMENT and token.start[0] < len(segment):
                    found.append(token.string.rstrip())
        except (tokenize.TokenError, IndentationError):
            pass  # the segment ends where a body begins
        return found


def header_end(statement: ast.stmt) -> tuple[int, int]:
    """(line, byte column) where a statement ends: for a loop, branch or with, its header."""
    end: ast.expr | ast.stmt = statement
    match statement:
        case ast.For(iter=header) | ast.If(test=header) | ast.While(test=header):
            end = header
        case ast.FunctionDef(args=arguments, returns=returns):
            parts: list[ast.expr | ast.arg] = [n for n in ast.walk(arguments) if isinstance(n, ast.expr | ast.arg)]
            parts += [returns] if returns is not None else []
            ends = [(part.end_lineno or 0, part.end_col_offset or 0) for part in parts]
            return max(ends, default=(statement.lineno, statement.col_offset + len(statement.name) + 4))
        case ast.With(items=items):
            end = items[-1].optional_vars or items[-1].context_expr
    return end.end_lineno or statement.lineno, end.end_col_offset or 0


def tidy(lines: list[str], first: bool = False) -> tuple[str, ...]:
    """At most two blank lines on end, none ahead of the first item."""
    found: list[str] = []
    for line in lines:
        if line or ((found or not first) and found[-2:] != ["", ""]):
            found.append(line)
    return tuple(found)
