"""Python text to a Document. Nothing is ever executed: names resolve through the op table only."""

from __future__ import annotations

import ast
import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import structs

from guigrad.document.calls import synced
from guigrad.document.closures import is_closure
from guigrad.document.deep import deep_recursion
from guigrad.document.model import Branch, Comment, Document, Function, Node, Settings
from guigrad.document.problem import Problem, ProblemError
from guigrad.document.recorded import unmask
from guigrad.document.scope import body_keys
from guigrad.document.tree import bodies, rewrite
from guigrad.document.variables import prune
from guigrad.source.parse.comments import tidy
from guigrad.source.parse.statements import Statements


def parse(source: str, path: str = "") -> Document:
    """The document that a script describes; what it does not understand is in ``problems``, the rest stays.

    Raises: ProblemError when nothing at all could be parsed (a syntax error).
    """
    with _room():
        source = unmask(source)
        tree = _tree(source, path)
        reader = Statements(_lines(source))
        reader.depth = 0
        reader.block(tree.body)
        reader.read_rest()
        items = tuple(reader.items)
        if any(definition.home for definition in reader.definitions):  # one that no step is given leaves its place
            items = rewrite(items, lambda item: () if is_closure(item) and not bodies(item)[0] else (item,))
        nodes, program = prune(reader.nodes, items, reader.kept)
        functions: dict[str, Function] = {}
        if reader.made:
            nodes, functions = _functions(reader, nodes)
            reader.problems = sorted([*reader.problems, *reader.told], key=lambda problem: problem.line)
    comments = reader.comments
    rest = tidy([*reader.waiting, *reader.beside.rest()])
    while rest and not rest[-1]:
        rest = rest[:-1]
    if rest:
        comments[""] = Comment(rest)
    return Document(
        nodes=nodes,
        program=program,
        comments=comments,
        settings=Settings(device=reader.device),
        functions=functions,
        problems=tuple(reader.problems),
        lines=reader.lines,
        path=path,
    )


def _functions(reader: Statements, nodes: dict[str, Node]) -> tuple[dict[str, Node], dict[str, Function]]:
    """All nodes, and the functions in the order in which they are defined."""
    found: dict[str, Function] = {}
    for function in sorted(reader.made.values(), key=lambda each: reader.lines[each.id]):
        result = Branch("", function.result)  # a reader of what is given
        own = {key: reader.inner[key] for key in body_keys(function) if key in reader.inner}
        own, program = prune(own, (*function.program, result), reader.kept)
        nodes |= own
        last = program[-1]
        value = last.test if isinstance(last, Branch) else None
        found[function.id] = structs.replace(function, program=program[:-1], result=value)
    nodes.update(synced(nodes, found))
    return nodes, found


def _lines(source: str) -> list[str]:
    """The lines as Python counts them (a form feed or U+2028 ends none)."""
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _tree(source: str, path: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes: Python says so when the script runs
            return ast.parse(source.removeprefix("\ufeff"), path or "<script>")
    except SyntaxError as error:
        line, column = error.lineno or 0, error.offset or 1
        if not line:  # Python does not say where a null byte stands
            ahead = source.partition("\0")[0]
            line, column = ahead.count("\n") + 1, len(ahead) - ahead.rfind("\n")
        raise ProblemError(
            (Problem(error.msg, "syntax", line=line, column=column, error=type(error).__name__),)
        ) from None
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        text = str(error) or "the script is nested too deeply"
        raise ProblemError((Problem(text, "syntax", line=1, column=1, error=type(error).__name__),)) from None


@contextmanager
def _room() -> Iterator[None]:
    collecting = gc.isenabled()
    gc.disable()  # a tree of 100,000 lines has no cycles, and collecting while it grows costs more than reading it
    try:
        with deep_recursion():
            yield
    finally:
        if collecting:
            gc.enable()
