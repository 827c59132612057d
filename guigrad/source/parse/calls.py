"""Calls to nodes: functions under any import name, methods, built-ins, print, and tensors that hold exact bits."""

from __future__ import annotations

import ast
from typing import Final

from guigrad.document.model import In, Star, Sym, Value
from guigrad.ops import table
from guigrad.ops.lambdas import TAKERS
from guigrad.source.parse import kinds
from guigrad.source.parse.constants import constant_number
from guigrad.source.parse.exact import exact_tensor
from guigrad.source.parse.expressions import Expressions
from guigrad.source.parse.scope import Definition, RefusedError
from guigrad.source.parse.suggest import unknown_method, unknown_name, unknown_op

MANAGERS: Final = {
    "torch.no_grad": "no_grad",
    "torch.enable_grad": "enable_grad",
    "torch.inference_mode": "inference_mode",
    "torch.set_grad_enabled": "set_grad_enabled",
    "torch.autograd.no_grad": "no_grad",
    "torch.autograd.enable_grad": "enable_grad",
    "torch.autograd.inference_mode": "inference_mode",
    "torch.autograd.set_grad_enabled": "set_grad_enabled",
    "torch.autograd.grad_mode.no_grad": "no_grad",
    "torch.autograd.grad_mode.enable_grad": "enable_grad",
    "torch.autograd.grad_mode.inference_mode": "inference_mode",
    "torch.autograd.grad_mode.set_grad_enabled": "set_grad_enabled",
}
"""Context managers by their path, and the kind of Region they are."""

_WHY_NOT: Final = {
    "open": "Files are not read or written from here.",
    "input": "Write the value into the script.",
    "exec": "Write the lines themselves.",
    "eval": "Write the expression itself.",
    "map": "Write a `for` loop.",
    "filter": "Write a `for` loop with `if`.",
    "iter": "Loop over it with `for`.",
    "next": "Loop over it with `for`.",
    "getattr": "Write the attribute with a dot.",
    "setattr": "Assign the attribute with a dot.",
    "hasattr": "",
    "super": "Classes are not understood.",
    "set": "Write a list or a tuple.",
}
_PRINT: Final = ("sep", "end", "flush")


class Calls(Expressions):
    """Reads calls."""

    def call(self, expr: ast.Call) -> Value:
        """The value of a call: the wire of its node."""
        exact = exact_tensor(expr, self.path)
        if exact is not None:
            return self.node(expr, "tensor.data", (exact[0],), exact[1], kind="Tensor")
        path = self.path(expr.func)
        if path:
            return self._function(expr, path)
        match expr.func:
            case ast.Name(id=name):
                return self._named(expr, name)
            case ast.Attribute():
                return self._method(expr, expr.func)
        raise RefusedError(expr, "only functions and methods known by name can be called")

    def call_function(self, expr: ast.Call, definition: Definition) -> In:
        """Overridden by Functions."""
        raise NotImplementedError

    def _named(self, expr: ast.Call, name: str) -> Value:
        bound = self.names.get(name)
        if bound is not None:
            if bound.function is not None:
                return self.call_function(expr, bound.function)
            if bound.value is not None:
                node = self.nodes[bound.value.node or ""]
                if node.op == "python.literal" and isinstance(node.args[0], Sym):
                    return self._function(expr, node.args[0].path)
                raise RefusedError(expr, f"`{name}` is a value here and cannot be called", "type")
            self.value(expr.func)  # says that its line was refused
        if name == "print":
            return self._call(expr, "python.print", self._args(expr), _only(expr, self._kwargs(expr), _PRINT))
        if table.find(f"builtins.{name}") is not None:
            return self._function(expr, f"builtins.{name}")
        if name in _WHY_NOT:
            raise RefusedError(expr, f"`{name}()` is not understood", "unknown op", _WHY_NOT[name])
        raise RefusedError(expr, *unknown_name(name, self.names if self.may_suggest() else ()))

    def _function(self, expr: ast.Call, path: str) -> Value:
        number = constant_number(expr) if path in ("builtins.float", "builtins.complex") else None
        if number is not None:
            return number
        if path.startswith("torch.Tensor.") and table.find(path) is not None and not expr.args:
            raise RefusedError(expr, f"{path} needs the tensor as its first argument", "type")
        if table.find(path) is None:
            if path in MANAGERS:
                why = f"Write `with {path}():` and indent what it is for."
                raise RefusedError(expr, f"{path}() stands only behind `with`", why=why)
            raise RefusedError(expr, *unknown_op(path, self.may_suggest()))
        outer, self.takes_lambda = self.takes_lambda, path in TAKERS
        try:
            return self._call(expr, path, self._args(expr), self._kwargs(expr))
        finally:
            self.takes_lambda = outer

    def _method(self, expr: ast.Call, func: ast.Attribute) -> Value:
        base = self.value(func.value)
        target = kinds.method(self.kind(base), func.attr)
        if target is None:
            if kinds.attribute(self.kind(base), func.attr) is not None:
                raise RefusedError(expr, f"`.{func.attr}` is an attribute: read it without `()`", "type")
            raise RefusedError(expr, *unknown_method(func.attr, self.may_suggest()))
        if target in ("optimizer.step", "object.step") and (
            given := [*expr.args, *(one.value for one in expr.keywords)]
        ):
            made = self._step(expr, target, base, given)
            if made is not None:
                return made
        return self._call(expr, target, (base, *self._args(expr)), self._kwargs(expr))

    def _step(self, expr: ast.Call, target: str, base: Value, given: list[ast.expr]) -> In | None:
        """``optimizer.step(closure)``; None where it is given something else."""
        if isinstance(given[0], ast.Lambda):
            why = "Write `def closure():` ahead of the step, with `return loss` as its last line."
            raise RefusedError(given[0], "a step takes a function that is written as a `def`", why=why)
        bound = self.names.get(given[0].id) if isinstance(given[0], ast.Name) else None
        keyword = expr.keywords[0].arg if expr.keywords else None
        if len(given) != 1 or bound is None or bound.function is None or keyword not in (None, "closure"):
            return None
        wire = self.closure_of(given[0], bound.function)
        args, kwargs = ((base,), (("closure", wire),)) if keyword else ((base, wire), ())
        return self.node(expr, target, args, kwargs, effect=True, kind=bound.function.gives)

    def closure_of(self, where: ast.expr, definition: Definition) -> In:
        """Overridden by Closures."""
        raise NotImplementedError

    def _call(self, expr: ast.Call, op: str, args: tuple[Value, ...], kwargs: tuple[tuple[str, Value], ...]) -> In:
        effect = kinds.has_effect(op) or any(
            name in ("out", "inplace") and value not in (None, False) for name, value in kwargs
        )
        kind = kinds.of_call(op)
        if op in ("builtins.abs", "builtins.sum", "builtins.min", "builtins.max") and args:
            kind = self._number_kind(op, args)
        return self.node(expr, op, args, kwargs, effect=effect, kind=kind)

    def _number_kind(self, op: str, args: tuple[Value, ...]) -> str:
        found = {self.kind(arg) for arg in args}
        if op == "builtins.abs" or (len(args) > 1 and op != "builtins.sum"):
            return found.pop() if len(found) == 1 else "Scalar" if found <= kinds.NUMBERS else "any"
        return "any"

    def _args(self, expr: ast.Call) -> tuple[Value, ...]:
        return tuple(
            Star(self.value(arg.value)) if isinstance(arg, ast.Starred) else self.value(arg) for arg in expr.args
        )

    def _kwargs(self, expr: ast.Call) -> tuple[tuple[str, Value], ...]:
        found: list[tuple[str, Value]] = []
        for keyword in expr.keywords:
            if keyword.arg is None:
                raise RefusedError(keyword.value, "`**` in a call is not understood", why="Write the keywords out.")
            found.append((keyword.arg, self.value(keyword.value)))
        return tuple(found)


def _only(
    expr: ast.Call, kwargs: tuple[tuple[str, Value], ...], names: tuple[str, ...]
) -> tuple[tuple[str, Value], ...]:
    for name, _ in kwargs:
        if name not in names:
            raise RefusedError(
                expr, f"print's `{name}` is not understood", why="It prints to the output, nothing else."
            )
    return kwargs
