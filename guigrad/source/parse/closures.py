"""Functions that an optimizer's step is given: ``opt.step(closure)``. See Note [Closures] in document.closures."""

from __future__ import annotations

import ast

from guigrad.document.forms import hidden
from guigrad.document.model import CLOSURE, Comment, In, Item, Region, Value
from guigrad.source.parse.comments import header_end, tidy
from guigrad.source.parse.functions import Functions
from guigrad.source.parse.operands import Lazy
from guigrad.source.parse.returns import with_one_return
from guigrad.source.parse.scope import Definition, RefusedError


class Closures(Functions):
    """Reads the functions that steps are given."""

    def closure_of(self, where: ast.AST, definition: Definition) -> In:
        """The wire of a function that a step is given. It stands where its ``def`` does, if the names in it mean there what they mean here."""
        statement, name = definition.statement, definition.statement.name
        self._refuse(where, definition)
        local = _local(statement)
        free = [node.id for part in statement.body for node in ast.walk(part) if isinstance(node, ast.Name)]
        meanings = {word: self.names.get(word) for word in free if word not in local}
        for wire, home, before in definition.closures:
            if self._is_open(home) and before == meanings:
                return wire
        fits = self._is_open(definition.home) and all(
            definition.names.get(word) == meaning for word, meaning in meanings.items()
        )
        key = self.new_id() if definition.closures else definition.id
        self.place(key, statement)
        wire, items = self._read_closure(definition, local)
        self.change(wire.node or "", name=name)
        region = Region(key, "closure", items)
        home = definition.home if fits else self.items
        at = self.start
        if fits:
            at = next(index for index, item in enumerate(home) if getattr(item, "id", "") == definition.id)
            home[at : at + 1] = [region] if key == definition.id else [home[at], region]
        else:
            home.insert(at, region)
        definition.closures.append((wire, home, meanings))
        return wire

    def read_unused(self, here: list[Item], top: bool = False) -> None:
        """Functions that stand in a body which ends here and that no step was given: they are kept for one. At the top level only what trains."""
        for definition in self.definitions:
            statement = definition.statement
            if definition.home is not here or definition.closures or definition.function is not None:
                continue
            if top and not any(
                isinstance(one, ast.Attribute) and one.attr == "backward" for one in ast.walk(statement)
            ):
                continue
            names, self.names = self.names, dict(definition.names)
            mark = self.mark()
            try:
                self.closure_of(statement, definition)
            except RefusedError as error:
                self.roll_back(mark)
                self.report(error.where or statement, error.message, error.kind, error.why)
            finally:
                self.names = names

    def _refuse(self, where: ast.AST, definition: Definition) -> None:
        """Functions that cannot be given to a step."""
        statement, name = definition.statement, definition.statement.name
        given = statement.args
        if given.posonlyargs or given.args or given.kwonlyargs:
            why = "Leave its parameters out: the body reads the names around it."
            raise RefusedError(where, f"{name} takes arguments, and a step calls it without any", why=why)
        if definition in self.closing:
            raise RefusedError(
                where,
                f"{name} is given to a step inside itself, and that has no end",
                why="Give it to a step behind it.",
            )
        if self.reading or self.closing:
            raise RefusedError(
                where,
                "a step that is given a function is not understood inside a function",
                why="Write the step outside.",
            )
        if not any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(statement)):
            raise RefusedError(
                statement,
                f"{name} returns nothing, and a step needs the loss from it",
                why="Let its last line be `return loss`.",
            )

    def _is_open(self, body: list[Item]) -> bool:
        """Whether a body is being read: what is put into it can be seen from here."""
        return any(body is one for one in (self.items, *self.chain))

    def _read_closure(self, definition: Definition, local: set[str]) -> tuple[In, tuple[Item, ...]]:
        statement = definition.statement
        saved = self.names, self.rounds, self.waiting, self.beside.done
        self.names = {word: bound for word, bound in self.names.items() if word not in local}
        self.rounds, self.waiting = [], []
        self.closing.append(definition)
        try:
            with Lazy(self) as lazy:
                wire = self._closure_body(definition, with_one_return(statement))
                self._refuse_shadows(lazy.items, local)
        finally:
            self.closing.pop()
            self.names, self.rounds, self.waiting, self.beside.done = saved
        return wire, tuple(lazy.items)

    def _closure_body(self, definition: Definition, body: list[ast.stmt]) -> In:
        statement = definition.statement
        self.beside.done = header_end(statement)[0]
        text = ast.get_docstring(statement)
        if text is not None:
            self._document(definition, text, body[0])
            body = body[1:]
        last = body[-1]
        if not isinstance(last, ast.Return) or last.value is None:
            why = "Let its last line be `return loss`."
            raise RefusedError(statement, f"`return` is not the last line of {statement.name}", why=why)
        self.block(body[:-1])
        before = tidy([*self.waiting, *self.beside.before(last)], not self.items)
        after = self.beside.after(last)
        self.start = len(self.items)
        value: Value = self.value(last.value)
        wire = self.node(last, CLOSURE, (value,), kind="function")
        definition.gives = self.kind(value)
        if before or after:
            self.comments[wire.node or ""] = Comment(before, after)
        return wire

    def _refuse_shadows(self, items: list[Item], local: set[str]) -> None:
        """A function called in the body reads the names of the script, never those of the body."""
        for item in items:
            node = self.nodes.get(getattr(item, "node", ""))
            for word, _ in hidden(node) if node is not None else ():
                if word in local:
                    raise RefusedError(
                        None,
                        f"a function that is called here reads {word}, which has another meaning here",
                        why="Rename one of the two.",
                    )


def _local(statement: ast.FunctionDef) -> set[str]:
    """The names that Python binds inside the function."""
    names = [node for part in statement.body for node in ast.walk(part) if isinstance(node, ast.Name)]
    return {node.id for node in names if not isinstance(node.ctx, ast.Load)}
