"""What parsing knows at one point of a script: the nodes made, what each name means, and how to make more."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from msgspec import Struct, structs

from guigrad.document.model import Effect, Eval, Function, In, Item, Node, Value
from guigrad.document.problem import Problem
from guigrad.source.parse import kinds


class Definition:
    """A ``def`` of the script. ``constants`` and ``wires`` are its defaults; ``meanings`` what the names of the surrounding script
    were when its body was read as ``function`` (None: a value, or nothing)."""

    def __init__(self, statement: ast.FunctionDef, key: str) -> None:
        self.statement = statement
        self.id = key
        self.constants: dict[str, Value] = {}
        self.wires: dict[str, In] = {}
        self.meanings: dict[str, Bound | None] = {}
        self.captures: list[str] = []
        self.function: Function | None = None
        self.nested = False  # in a loop or branch
        self.names: dict[str, Bound] = {}  # what names meant at the ``def``
        self.home: list[Item] = []  # the body that it stands in
        self.closures: list[tuple[In, list[Item], dict[str, Bound | None]]] = []  # as steps were given it
        self.gives = "any"

    def is_outdated(self, names: dict[str, Bound]) -> bool:
        """Whether the names of the surrounding script mean something else now."""
        for name, meaning in self.meanings.items():
            now = names.get(name)
            if (None if now is None or now.value is not None else now) != meaning:
                return True
            if meaning is None and now is not None and name not in self.captures:
                return True
            if meaning is not None and meaning.function is not None and meaning.function.is_outdated(names):
                return True
        return False


class Bound(Struct, frozen=True):
    """What a name stands for.

    ``value`` is a wire; ``path`` a module or function known by its dotted name; ``function`` one of the script's own; ``refused`` the line whose statement was not
    understood. ``maybe`` marks a variable that may have no value yet.
    """

    value: In | None = None
    path: str = ""
    refused: int = 0
    maybe: bool = False
    function: Definition | None = None


class RefusedError(Exception):
    """This statement is not understood; ``quiet`` when that only follows from an earlier one."""

    def __init__(
        self, where: ast.AST | None, message: str, kind: str = "syntax", why: str = "", quiet: bool = False
    ) -> None:
        super().__init__(message)
        self.where = where
        self.message = message
        self.kind = kind
        self.why = why
        self.quiet = quiet


class Scope:
    """The state of one parse. Statements push items on ``items``, the body that is being read."""

    def __init__(self, lines: list[str]) -> None:
        self.source_lines = lines
        self.nodes: dict[str, Node] = {}
        self.items: list[Item] = []
        self.start = 0  # of the statement being read, in items
        self.names: dict[str, Bound] = {}
        self.kinds: dict[In, str] = {}
        self.lines: dict[str, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self.count = 0
        self.suggestions = 0
        self.bodies = 0  # that are open
        self.chain: list[list[Item]] = []  # the bodies around the one that is being read
        self.kept: set[str] = set()  # variables that are the value of an expression
        self.takes_lambda = False  # whether what is read is an argument of a scheduler

    # -- making ---------------------------------------------------------------------------------

    def new_id(self) -> str:
        """An id that no name of the code can equal."""
        self.count += 1
        return f"#{self.count}"

    def place(self, key: str, where: ast.AST) -> None:
        """Remembers the line that Python names for this expression in a warning or traceback."""
        line = getattr(where, "lineno", 1)
        callee = where.func if isinstance(where, ast.Call) else where
        if isinstance(callee, ast.Attribute):
            line = callee.end_lineno or line  # a chain over several lines is known by the line of the method's name
        self.lines[key] = (line, self.column(where) - 1)

    def node(
        self,
        where: ast.AST,
        op: str,
        args: tuple[Value, ...] = (),
        kwargs: tuple[tuple[str, Value], ...] = (),
        *,
        effect: bool = False,
        kind: str = "any",
        item: bool = True,
    ) -> In:
        """Makes a node, evaluated next in the body that is being read; the wire that carries its value."""
        key = self.new_id()
        self.nodes[key] = Node(key, op, args, kwargs)
        self.place(key, where)
        wire = In(key)
        self.kinds[wire] = kind
        if item:
            self.items.append(Effect(key) if effect else Eval(key))
        return wire

    def change(self, key: str, **fields: object) -> None:
        """Replaces fields of a node that is still being made."""
        self.nodes[key] = structs.replace(self.nodes[key], **fields)

    def bind(self, name: str, value: In, maybe: bool = False) -> None:
        """From here on the name means this wire."""
        self.names[name] = Bound(value, maybe=maybe)

    def kind(self, value: Value) -> str:
        """The static kind of a template value."""
        return self.kinds.get(value, "any") if isinstance(value, In) else kinds.of_constant(value)

    # -- going wrong ----------------------------------------------------------------------------

    def column(self, where: ast.AST) -> int:
        """The column of a syntax node, in characters from 1 (Python counts bytes from 0)."""
        line, offset = getattr(where, "lineno", 0), getattr(where, "col_offset", 0)
        if not 0 < line <= len(self.source_lines):
            return offset + 1
        text = self.source_lines[line - 1]
        return offset + 1 if text.isascii() else len(text.encode()[:offset].decode(errors="replace")) + 1

    def may_suggest(self) -> bool:
        """Nearest names cost milliseconds each: only the first problems get them."""
        self.suggestions += 1
        return self.suggestions <= 40

    def report(self, where: ast.AST | None, message: str, kind: str = "syntax", why: str = "") -> None:
        """Adds a problem at a place of the script."""
        line = getattr(where, "lineno", 0) if where is not None else 0
        column = self.column(where) if where is not None and line else 0
        self.problems.append(Problem(message, kind, line=line, column=column, why=why))

    def mark(self) -> tuple[int, int, int]:
        """A place to roll back to."""
        return len(self.items), len(self.problems), len(self.nodes)

    def roll_back(self, mark: tuple[int, int, int]) -> None:
        """Takes back every item, node and problem made since the mark."""
        items, problems, nodes = mark
        while len(self.nodes) > nodes:
            key, _ = self.nodes.popitem()
            self.lines.pop(key, None)
            self.kept.discard(key)
        del self.items[items:]
        del self.problems[problems:]

    def refuse_names(self, names: Iterable[str], line: int) -> None:
        """Names that a refused statement would have bound: what reads them is skipped, with one note each."""
        for name in names:
            self.names[name] = Bound(refused=line)
