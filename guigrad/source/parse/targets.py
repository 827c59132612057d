"""Assignments: names, unpacking, items and attributes, plain and augmented."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

from guigrad.document.model import In, ListOf, Star, Value
from guigrad.ops.builtin import ASSIGNABLE
from guigrad.source.parse import kinds
from guigrad.source.parse.bound import target_names
from guigrad.source.parse.closures import Closures
from guigrad.source.parse.expressions import BINARY
from guigrad.source.parse.operands import display
from guigrad.source.parse.scope import RefusedError

_STAR: Final = "`*rest` on the left is not understood"


class Targets(Closures):
    """Reads assignments."""

    def assign(self, statement: ast.Assign) -> None:
        """``a = b = value``."""
        targets = statement.targets
        if len(targets) == 1:
            self.assign_one(targets[0], statement.value)
            return
        value = self.value(statement.value)
        first = next((target for target in targets if isinstance(target, ast.Name)), None)
        wire = self.name_it(first, value) if first is not None else self.materialize(statement.value, value)
        for target in targets:
            if target is first:
                self.bind(target.id, wire)
            else:
                self.store(target, wire)

    def assign_one(self, target: ast.expr, source: ast.expr) -> None:
        """``target = source``."""
        if isinstance(target, ast.Tuple | ast.List) and isinstance(source, ast.Tuple | ast.List):
            self._parallel(target, source)
        else:
            self.store(target, self.value(source))

    def _parallel(self, target: ast.Tuple | ast.List, source: ast.Tuple | ast.List) -> None:
        """``a, b = x, y``: two assignments, unless the right side reads what the left binds."""
        _no_star(target.elts)
        starred = any(isinstance(element, ast.Starred) for element in source.elts)
        if not starred and len(target.elts) != len(source.elts):
            raise RefusedError(target, f"{len(source.elts)} values for {len(target.elts)} names", "type")
        names = list(target_names(target))
        read = {node.id for part in source.elts for node in ast.walk(part) if isinstance(node, ast.Name)}
        plain = all(isinstance(element, ast.Name) for element in target.elts) and len(set(names)) == len(names)
        if starred or (plain and read & set(names)):
            value = self.value(source)
            items = value.items if isinstance(value, ListOf) else value
            assert isinstance(items, tuple)
            self.store(target, self.node(source, "python.tuple", items, kind="tuple"))
            return
        values = [self.value(element) for element in source.elts]
        for element, value in zip(target.elts, values, strict=True):
            self.store(element, value)

    def store(self, target: ast.expr, value: Value) -> None:
        """Assigns a value that is already evaluated."""
        match target:
            case ast.Name(id=name):
                self.bind(name, self.name_it(target, value))
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                self._unpack(target, elements, value)
            case ast.Subscript():
                base = self.value(target.value)
                index = self.index(target.slice)
                self._store_item(target, "operator.setitem", base, index, value)
            case ast.Attribute():
                base = self.value(target.value)
                self._store_attribute(target, f"setattr.{target.attr}", base, value)
            case ast.Starred():
                raise RefusedError(target, _STAR, why="Index or slice the value instead.")
            case _:
                raise RefusedError(target, "this cannot be assigned to")

    def name_it(self, target: ast.Name, value: Value) -> In:
        """The wire of a node that has the target's name and this value."""
        if isinstance(value, In) and self.is_fresh(value):
            wire = value
        elif isinstance(value, In):
            wire = self.node(target, "python.alias", (value,), kind=self.kind(value))
        else:
            wire = self.node(target, *display(value), kind=self.kind(value))
        self.change(wire.node or "", name=target.id)
        return wire

    # -- unpacking ------------------------------------------------------------------------------

    def _unpack(self, target: ast.expr, elements: Sequence[ast.expr], value: Value) -> None:
        _no_star(elements)
        items = value.items if isinstance(value, ListOf) else value
        if isinstance(items, tuple) and len(items) == len(elements) and not any(isinstance(i, Star) for i in items):
            for element, item in zip(elements, items, strict=True):
                self.store(element, item)
            return
        if not isinstance(value, In):
            op, args = display(value)
            value = self.node(target, op, args, kind=self.kind(value))
        elif not self.is_fresh(value) or self.nodes[value.node or ""].op == "python.carry":
            value = self.node(target, "python.unpack", (value,))
        self.give_outputs(value.node or "", elements)
        for index, element in enumerate(elements):
            wire = In(value.node, index)
            if not isinstance(element, ast.Name):
                self.store(element, wire)

    def give_outputs(self, key: str, elements: Sequence[ast.expr]) -> None:
        """Names what unpacking a node gives, and binds those names."""
        _no_star(elements)
        names = tuple(element.id if isinstance(element, ast.Name) else None for element in elements)
        self.change(key, outputs=names)
        node = self.nodes[key]
        self.kinds.pop(In(key), None)
        for index, name in enumerate(names):
            wire = In(key, index)
            if node.op in ("python.tuple", "python.list") and len(node.args) == len(names):
                self.kinds[wire] = self.kind(node.args[index])
            elif index < len(own := self.result_kinds(node.op)):
                self.kinds[wire] = own[index]
            else:
                self.kinds[wire] = kinds.of_output(node.op, index)
            if name is not None:
                self.bind(name, wire)

    # -- items and attributes -------------------------------------------------------------------

    def _store_item(self, target: ast.Subscript, op: str, base: Value, index: Value, value: Value) -> None:
        wire = self.node(target, op, (base, index, value), effect=True, kind=self.kind(base))
        if isinstance(target.value, ast.Name) and isinstance(base, In):
            self.change(wire.node or "", name=target.value.id)
            self.bind(target.value.id, wire)

    def _store_attribute(self, target: ast.Attribute, op: str, base: Value, value: Value) -> None:
        if target.attr not in ASSIGNABLE:
            raise RefusedError(
                target,
                f"`.{target.attr}` cannot be assigned here",
                why=f"Only {', '.join('.' + name for name in ASSIGNABLE)} of a tensor can.",
            )
        self.node(target, op, (base, value), effect=True, kind=self.kind(base))

    # -- augmented ------------------------------------------------------------------------------

    def augment(self, statement: ast.AugAssign) -> None:
        """``y += v``, ``x[i] += v``, ``x.data -= v``."""
        name = "i" + BINARY[type(statement.op)].rstrip("_")
        match statement.target:
            case ast.Name() as target:
                old = self.value(target)
                if not isinstance(old, In):
                    raise RefusedError(target, f"`{target.id}` is not a value that can be changed", "type")
                value = self.value(statement.value)
                kind, other = self.kind(old), self.kind(value)
                effect = kind not in kinds.REBOUND or other not in kinds.REBOUND
                result = kinds.of_operator(name[1:] if name != "iand" else "and_", kind, other)
                wire = self.node(
                    statement,
                    f"operator.{name}",
                    (old, value),
                    effect=effect,
                    kind="list" if kind == "list" else result,
                )
                self.change(wire.node or "", name=target.id)
                self.bind(target.id, wire)
            case ast.Subscript() as item:
                base = self.value(item.value)
                index = self.index(item.slice)
                self._store_item(item, f"setitem.{name}", base, index, self.value(statement.value))
            case ast.Attribute() as attribute:
                base = self.value(attribute.value)
                value = self.value(statement.value)
                self._store_attribute(attribute, f"setattr.{attribute.attr}.{name}", base, value)


def _no_star(elements: Sequence[ast.expr]) -> None:
    for element in elements:
        if isinstance(element, ast.Starred):
            raise RefusedError(element, _STAR, why="Index or slice the value instead.")
