"""``def`` and calls of what it defines.

Note [Reading a def]
A body is read where the function is first called, because only then is known what the names of the surrounding script mean to it
(functions are often defined before those that they call). When they mean something else at a later call, the body is read once more, as
another function. What nobody calls is read at the end, where a name that means nothing may still come to mean something. Names that are
values outside become captures. A call inside a body that leaves out a default which is no constant takes it by a capture of its own
(``fixed``), because the name that it had may mean something else when the body runs.
"""

from __future__ import annotations

import ast
import builtins
from typing import Any, Final

from guigrad.document.model import (
    AT_RETURN,
    CALL,
    CAPTURE,
    DOC,
    PARAM,
    Comment,
    DictOf,
    Effect,
    Function,
    In,
    Item,
    ListOf,
    Node,
    Region,
    Star,
    Value,
    walk,
    wires_in,
)
from guigrad.document.problem import Problem
from guigrad.source.parse.calls import Calls
from guigrad.source.parse.comments import Comments, header_end, tidy
from guigrad.source.parse.returns import with_one_return
from guigrad.source.parse.scope import Bound, Definition, RefusedError

NESTED: Final = (
    "a function is understood only at the top level",
    "syntax",
    "Define it ahead of the loop or branch. Only one without parameters that an optimizer's step is given can stand inside.",
)
_STATE: Final = (
    "nodes",
    "items",
    "start",
    "names",
    "problems",
    "waiting",
    "depth",
    "bodies",
    "chain",
    "captured",
    "rounds",
)
"""What a body has of its own."""


class Functions(Calls):
    """Reads functions. ``made`` are those read so far, ``inner`` the nodes of their bodies, ``told`` the problems in them."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(lines)
        self.beside = Comments(lines)
        self.comments: dict[str, Comment] = {}
        self.waiting: list[str] = []
        self.rounds: list[
            list[dict[str, Bound | None]]
        ] = []  # of each loop around: what names mean where a round is left
        self.depth = 0
        self.made: dict[str, Function] = {}
        self.inner: dict[str, Node] = {}
        self.told: list[Problem] = []
        self.definitions: list[Definition] = []
        self.reading: list[Definition] = []
        self.outside: dict[str, Bound] = {}
        self.outer_kinds: dict[In, str] = {}
        self.captured: dict[str, In] = {}
        self.fixed: dict[str, In] = {}
        self.at_end = False
        self.closing: list[Definition] = []  # given to steps, and being read

    def block(self, statements: list[ast.stmt]) -> None:
        """Overridden by Statements."""
        raise NotImplementedError

    def define(self, statement: ast.FunctionDef) -> None:
        """``def``: its defaults are evaluated, its name is bound; its body is read at its first call."""
        if self.reading or self.closing:
            raise RefusedError(statement, "a function inside a function is not understood", why="Define it outside.")
        given = statement.args
        bare = not (given.posonlyargs or given.args or given.kwonlyargs)
        nested = self.depth > 1 or self.bodies > 0
        if nested and not bare:
            raise RefusedError(statement, *NESTED)
        if statement.decorator_list:
            raise RefusedError(statement.decorator_list[0], "a decorator is not understood", why="Leave it out.")
        odd = given.vararg or given.kwarg
        if odd is not None:
            raise RefusedError(odd, f"`*{odd.arg}` is not understood here", why="Name each parameter.")
        definition = Definition(statement, self.new_id())
        plain = [*given.posonlyargs, *given.args]
        pairs: list[tuple[ast.arg, ast.expr | None]] = []
        pairs += zip(plain[len(plain) - len(given.defaults) :], given.defaults, strict=True)
        pairs += zip(given.kwonlyargs, given.kw_defaults, strict=True)
        for param, default in pairs:
            if default is None:
                continue
            value = self.value(default)
            if isinstance(value, In):
                definition.wires[param.arg] = value
            elif any(True for _ in wires_in(value)) or isinstance(value, ListOf | DictOf | Star):
                definition.wires[param.arg] = self.materialize(default, value)
            else:
                definition.constants[param.arg] = value
        self.definitions.append(definition)
        self.place(definition.id, statement)
        definition.nested = nested
        if bare:  # a step may be given it
            definition.names, definition.home = dict(self.names), self.items
            self.items.append(Region(definition.id, "closure"))
        self.names[statement.name] = Bound(function=definition)

    def call_function(self, expr: ast.Call, definition: Definition) -> In:
        """A call of a function of the script."""
        args, kwargs = self._args(expr), self._kwargs(expr)
        if any(isinstance(value, Star) for value in args):
            raise RefusedError(expr, "`*` in a call of a function of yours is not understood", why="Name each item.")
        if definition.nested:
            raise RefusedError(expr, *NESTED)
        if definition in self.reading:
            circle = [*self.reading[self.reading.index(definition) :], definition]
            names = " → ".join(each.statement.name for each in circle)
            text = f"{definition.statement.name} calls itself ({names}), and that has no end here"
            raise RefusedError(expr, text, why="Write a loop.")
        function = self._function_now(definition, args, dict(kwargs))
        words = [self.inner[key].name for key in function.params]
        given = {*words[: min(len(args), len(words) - function.keyword_only)], *(word for word, _ in kwargs)}
        more = [(word, self._default(expr, definition, word)) for word in definition.wires if word not in given]
        more += [(CAPTURE + name, self._meant(expr, name)) for name in definition.captures]
        acts = any(isinstance(item, Effect) for item in walk(function.program))
        kind = "None" if function.result is None else self.kind(function.result)
        return self.node(expr, CALL + function.id, args, (*kwargs, *more), effect=acts, kind=kind)

    def result_kinds(self, op: str) -> list[str]:
        """The kinds of what a call gives, one by one."""
        function = self.made.get(op[len(CALL) :])
        if function is None or not isinstance(function.result, tuple):
            return []
        return [self.kind(value) for value in function.result]

    def read_unused(self, here: list[Item], top: bool = False) -> None:
        """Overridden by Closures."""
        raise NotImplementedError

    def read_rest(self) -> None:
        """Functions that nothing calls."""
        self.read_unused(self.items, True)
        for definition in self.definitions:
            if definition.function is None and not definition.closures:
                try:
                    if definition.nested:
                        raise RefusedError(definition.statement, *NESTED)
                    self.at_end = True
                    self._function_now(definition, (), {})
                except RefusedError as error:
                    self.report(error.where or definition.statement, error.message, error.kind, error.why)

    def _default(self, where: ast.AST, definition: Definition, word: str) -> In:
        """What a call that leaves a parameter out gives to it."""
        wire = definition.wires[word]
        if not self.reading:
            return wire
        base = name = f"{definition.statement.name}_{word}"
        count = 1
        while self.fixed.get(name, wire) != wire or name in self.names or name in self.outside:
            count += 1
            name = f"{base}_{count}"
        self.fixed[name] = wire
        return self._capture(name, where)

    def _meant(self, where: ast.AST, name: str) -> In:
        """What a name of the surrounding script means where a function is called."""
        if self.reading:
            return self._capture(name, where)
        if name in self.fixed:
            return self.fixed[name]
        bound = self.names.get(name)
        if bound is not None and bound.refused:
            text = f"skipped: `{name}` comes from line {bound.refused}, which was not understood"
            raise RefusedError(where, text, "name", quiet=True)
        if bound is None or bound.value is None:
            raise RefusedError(where, f"name '{name}' is not defined", "name")
        return bound.value

    def _capture(self, name: str, where: ast.AST) -> In:
        wire = self.captured.get(name)
        if wire is None:
            outer = self.outside.get(name)
            value = self.fixed.get(name) or (outer.value if outer is not None else None)
            if value is None and not self.at_end:
                raise RefusedError(where, f"name '{name}' is not defined", "name")
            kind = self.outer_kinds.get(value, "any") if value is not None else "any"
            wire = self.node(where, PARAM, kind=kind, item=False)
            self.change(wire.node or "", name=name)
            self.captured[name] = wire
        return wire

    # -- bodies -------------------------------------------------------------------------------------

    def _function_now(self, definition: Definition, args: tuple[Value, ...], kwargs: dict[str, Value]) -> Function:
        """The function as it is at this point of the script. See Note [Reading a def]."""
        if not self.reading:
            self.outside, self.outer_kinds = dict(self.names), self.kinds
        if definition.function is not None and not definition.is_outdated(self.outside):
            return definition.function
        if definition.function is not None:
            definition.id = self.new_id()
            self.place(definition.id, definition.statement)
        given = definition.statement.args
        plain = [param.arg for param in (*given.posonlyargs, *given.args)]
        found = {name: self.kind(value) for name, value in (*zip(plain, args, strict=False), *kwargs.items())}
        saved = {name: getattr(self, name) for name in _STATE}
        done = self.beside.done
        definition.meanings, definition.captures = {}, []
        self.reading.append(definition)
        try:
            self.nodes, self.items, self.start, self.names, self.problems = {}, [], 0, {}, []
            self.waiting, self.depth, self.bodies, self.captured, self.rounds = [], 1, 0, {}, []
            self.chain = []
            function = self._body_of(definition, found)
            self.inner.update(self.nodes)
            self.told += self.problems
        finally:
            self.reading.pop()
            for name, value in saved.items():
                setattr(self, name, value)
            self.beside.done = done
        definition.function = self.made[function.id] = function
        return function

    def _body_of(self, definition: Definition, found: dict[str, str]) -> Function:
        statement, given = definition.statement, definition.statement.args
        params = self._params(definition, found)
        self._surround(definition)
        body = with_one_return(statement)
        self.beside.done = header_end(statement)[0]
        text = ast.get_docstring(statement)
        if text is not None:
            self._document(definition, text, body[0])
            body = body[1:]
        last = body[-1] if body and isinstance(body[-1], ast.Return) else None
        self.block(body[: len(body) - (last is not None)])
        result = self._result(definition, last) if last is not None and last.value is not None else None
        items = tuple(self.items)
        read = {wire.node for node in self.nodes.values() for wire in node.inputs()}
        read |= _headers(items) | {wire.node for wire in wires_in(result)}
        for name, wire in list(self.captured.items()):
            if wire.node not in read:
                del self.nodes[wire.node or ""], self.captured[name]
        definition.captures = list(self.captured)
        captures = tuple(wire.node or "" for wire in self.captured.values())
        first, last_ = len(given.posonlyargs), len(given.kwonlyargs)
        return Function(definition.id, statement.name, params, captures, items, result, first, last_)

    def _params(self, definition: Definition, found: dict[str, str]) -> tuple[str, ...]:
        given = definition.statement.args
        params = []
        late = False
        for param in (*given.posonlyargs, *given.args, *given.kwonlyargs):
            name = param.arg
            default: tuple[Value, ...] = ()
            if name in definition.constants:
                default = (definition.constants[name],)
            elif late and name in definition.wires and param not in given.kwonlyargs:
                default = (None,)  # calls are wired; but behind a default the code must have one
            late = late or bool(default)
            kind = found.get(name, "")
            if not kind and name in definition.wires:
                kind = self.outer_kinds.get(definition.wires[name], "any")
            elif not kind and default and default[0] is not None:
                kind = self.kind(default[0])
            wire = self.node(param, PARAM, default, kind=kind or "any", item=False)
            self.change(wire.node or "", name=name)
            params.append(wire.node or "")
            self.bind(name, wire)
        return tuple(params)

    def _surround(self, definition: Definition) -> None:
        """What the names of the surrounding script mean in the body."""
        statement, given = definition.statement, definition.statement.args
        local = {param.arg for param in (*given.posonlyargs, *given.args, *given.kwonlyargs)}
        names = [node for part in statement.body for node in ast.walk(part) if isinstance(node, ast.Name)]
        local |= {node.id for node in names if not isinstance(node.ctx, ast.Load)}
        calls = [node.func for part in statement.body for node in ast.walk(part) if isinstance(node, ast.Call)]
        called = {func.id for func in calls if isinstance(func, ast.Name)}
        for node in names:
            if node.id in local or node.id in definition.meanings:
                continue
            outer = self.outside.get(node.id)
            definition.meanings[node.id] = outer if outer is None or outer.value is None else None
            if outer is not None and outer.value is not None:
                self.names[node.id] = Bound(self._capture(node.id, node), maybe=outer.maybe)
            elif outer is not None:
                self.names[node.id] = outer
            elif self.at_end and node.id not in called and not hasattr(builtins, node.id) and node.id != "__name__":
                self.names[node.id] = Bound(self._capture(node.id, node))

    def _result(self, definition: Definition, last: ast.Return) -> Value:
        before = tidy([*self.waiting, *self.beside.before(last)], not self.items)
        after = self.beside.after(last)
        self.start = len(self.items)
        mark = self.mark()
        if before or after:
            self.comments[f"{definition.id}{AT_RETURN}"] = Comment(before, after)
        try:
            assert last.value is not None
            value = self.value(last.value)
            if any(isinstance(part, Star) for part in (value if isinstance(value, tuple) else ())):
                raise RefusedError(last, "`*` in what a function gives is not understood", why="Name each item.")
            return value
        except RefusedError as error:
            self.roll_back(mark)
            self.report(error.where or last, error.message, error.kind, error.why)
            return None

    def _document(self, definition: Definition, text: str, where: ast.stmt) -> None:
        """A docstring is kept as a comment of its own, each line behind ``# ``."""
        self.comments[f"{definition.id}{DOC}"] = Comment(tuple(f"# {line}".rstrip() for line in text.split("\n")))
        self.beside.done = where.end_lineno or self.beside.done


def _headers(items: Any) -> set[str | None]:
    """What the headers of loops and branches read."""
    found: set[str | None] = set()
    for item in walk(items):
        for name in ("iter", "test", "args"):
            found |= {wire.node for wire in wires_in(getattr(item, name, None))}
        for carry in getattr(item, "carried", ()):
            found |= {wire.node for wire in carry.updates}
    return found
