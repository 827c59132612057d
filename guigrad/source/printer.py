"""Nodes and template values as Python expressions, with no more parentheses than they need and spaces as black has them."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from functools import lru_cache
from types import EllipsisType
from typing import Final

from guigrad.document.array import ArrayData
from guigrad.document.forms import COMPARISONS, compared, is_chain
from guigrad.document.model import (
    CALL,
    CAPTURE,
    Branch,
    DictOf,
    Document,
    Format,
    In,
    ListOf,
    Node,
    Slice,
    Star,
    Sym,
    Value,
)
from guigrad.document.plan import Plan
from guigrad.ops.builtin import ATTRIBUTES
from guigrad.ops.lambdas import is_lambda, needs_math
from guigrad.ops.table import RECORDED
from guigrad.source.literals import ATOM, UNARY, number, text_literal

IF, OR, AND, NOT, COMPARE = 0, 1, 2, 3, 4

INFIX: Final[dict[str, tuple[str, int]]] = {
    "or_": ("|", 5), "xor": ("^", 6), "and_": ("&", 7), "lshift": ("<<", 8), "rshift": (">>", 8), "add": ("+", 9),
    "sub": ("-", 9), "mul": ("*", 10), "truediv": ("/", 10), "floordiv": ("//", 10), "mod": ("%", 10), "matmul": ("@", 10),
}  # fmt: skip
SIGNS: Final = {
    "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=", "is_": "is", "is_not": "is not",
    "contains": "in", "not_contains": "not in",
}  # fmt: skip
PREFIX: Final = {"neg": "-", "pos": "+", "invert": "~"}
POWER: Final = 12
_SIMPLE_POWER: Final = re.compile(r"-?[0-9][0-9_.e+-]*|[A-Za-z_][\w.]*")
_SIMPLE_BOUND: Final = re.compile(r"-?[0-9]+|\w+")
FUNCTIONAL: Final = "torch.nn.functional."

Shown = tuple[str, int]
"""Text and precedence."""


class Printer:
    """Prints the nodes of one document; ``modules`` collects what its text needs to be imported."""

    def __init__(self, document: Document, plan: Plan) -> None:
        self.document = document
        self.nodes = document.nodes
        self.plan = plan
        self.modules: set[str] = set()

    # -- values -----------------------------------------------------------------------------------

    def at(self, value: Value, precedence: int) -> str:
        """A value, in parentheses if it binds less tightly than asked."""
        text, own = self.value(value)
        return text if own >= precedence else f"({text})"

    def free(self, value: Value) -> str:
        """A value where nothing around it binds."""
        return self.value(value)[0]

    def value(self, value: Value) -> Shown:
        """A template value."""
        match value:
            case In():
                return self.wire(value)
            case str():
                return text_literal(value), ATOM
            case None | bool():
                return repr(value), ATOM
            case int() | float() | complex():
                return number(value)
            case EllipsisType():
                return "Ellipsis", ATOM
            case tuple():
                return self.tuple(value), ATOM
            case ListOf(items):
                return f"[{self.items(items)}]", ATOM
            case DictOf(items):
                return "{" + ", ".join(f"{self.free(key)}: {self.free(item)}" for key, item in items) + "}", ATOM
            case Sym(path) if is_lambda(path):
                self.modules.update(("math",) if needs_math(path) else ())
                return path, ATOM
            case Sym(path):
                return (
                    "..." if path.startswith("?") else self.path(path)
                ), ATOM  # "?": kept from a file, no word of Python
            case Star(inner):
                return f"*{self.at(inner, 5)}", ATOM
            case Slice():
                return f"slice({self.items((value.start, value.stop, value.step))})", ATOM
            case Format():
                return self.fstring((value,)), ATOM
            case ArrayData():
                return self.array(value), ATOM
        return repr(value), ATOM

    def wire(self, wire: In) -> Shown:
        """What carries a value: a name, or the expression that is written here."""
        node = self.nodes.get(wire.node or "")
        if node is None:
            return "...", ATOM
        if node.id in self.plan.inline:
            return self.node(node)
        if node.outputs:
            return node.outputs[wire.output] or "_", ATOM
        return node.name or "...", ATOM

    def items(self, values: Sequence[Value]) -> str:
        return ", ".join([self.free(value) for value in values])

    def tuple(self, values: Sequence[Value]) -> str:
        return f"({self.items(values)},)" if len(values) == 1 else f"({self.items(values)})"

    def path(self, path: str) -> str:
        """A dotted name as the script's imports know it."""
        if path.startswith("builtins."):
            return path[9:]
        if path.startswith(FUNCTIONAL):
            self.modules.add("F")
            return "F." + path[len(FUNCTIONAL) :]
        self.modules.add(path.partition(".")[0])
        return path

    def array(self, data: ArrayData) -> str:
        """A tensor of exact bits: the one form that parse reads back as such."""
        self.modules.add("torch")
        shape, strides = self.tuple(data.shape), self.tuple(data.strides)
        if not data.data:
            return f"torch.empty_strided({shape}, {strides}, dtype=torch.{data.dtype})"
        self.modules.add("base64")
        text = _coded(data.data)
        offset = f", {data.offset}" if data.offset else ""
        buffer = f'torch.frombuffer(bytearray(base64.b64decode("{text}")), dtype=torch.{data.dtype})'
        return f"{buffer}.as_strided({shape}, {strides}{offset})"

    # -- nodes ------------------------------------------------------------------------------------

    def node(self, node: Node) -> Shown:
        """The expression that evaluates a node."""
        op, args = node.op, node.args
        family, _, name = op.partition(".")
        if op.startswith(CALL):
            function = self.document.functions.get(name)
            return f"{function.name if function else '...'}({self.arguments(args, node)})", ATOM
        if family == "operator":
            return self.operator(node, name)
        if family == "python":
            return self.python(node, name)
        if op.startswith(RECORDED):
            return f"{op}({self.arguments(args, node)})", ATOM
        if op == "tensor.data" and args:
            return self.free(args[0]) + (".requires_grad_()" if dict(node.kwargs).get("requires_grad") else ""), ATOM
        if args and self.is_attribute(op):
            return f"{self.receiver(args[0])}.{op.rpartition('.')[2]}", ATOM
        if args and self.is_method(op):
            return f"{self.receiver(args[0])}.{op.rpartition('.')[2]}({self.arguments(args[1:], node)})", ATOM
        return f"{self.path(op)}({self.arguments(args, node)})", ATOM

    def is_attribute(self, op: str) -> bool:
        """Whether an op is an attribute read with a dot."""
        owner, _, name = op.rpartition(".")
        owner = "Tensor" if owner == "torch.Tensor" else owner
        return name in ATTRIBUTES.get(owner, ()) or owner == "field" or name.startswith("_saved_")

    def is_method(self, op: str) -> bool:
        """Whether an op is a method called on its first argument."""
        return not op.startswith(("torch.", "math.", "builtins.")) or op.startswith("torch.Tensor.")

    def receiver(self, value: Value) -> str:
        """What stands ahead of a dot or bracket."""
        text = self.at(value, ATOM)
        return f"({text})" if text[0].isdigit() or text == "..." else text

    def arguments(self, args: Sequence[Value], node: Node) -> str:
        """What stands between the parentheses of a call."""
        parts = [self.free(value) for value in args]
        parts += [f"{name}={self.free(value)}" for name, value in node.kwargs if not name.startswith(CAPTURE)]
        return ", ".join(parts)

    def operator(self, node: Node, name: str) -> Shown:
        args = node.args
        if name in INFIX and len(args) == 2:
            sign, level = INFIX[name]
            return f"{self.at(args[0], level)} {sign} {self.at(args[1], level + 1)}", level
        if name == "pow" and len(args) == 2:
            base, exponent = self.at(args[0], POWER + 1), self.at(args[1], UNARY)
            simple = _SIMPLE_POWER.fullmatch(base) and _SIMPLE_POWER.fullmatch(exponent)
            return f"{base}**{exponent}" if simple else f"{base} ** {exponent}", POWER
        if node.op in COMPARISONS and len(args) == 2:
            left, right = compared(node)
            return f"{self.at(left, COMPARE + 1)} {SIGNS[name]} {self.at(right, COMPARE + 1)}", COMPARE
        if name in PREFIX and len(args) == 1:
            return f"{PREFIX[name]}{self.at(args[0], UNARY)}", UNARY
        if name == "not_" and len(args) == 1:
            return f"not {self.at(args[0], NOT)}", NOT
        if name == "getitem" and len(args) == 2:
            return self.item(args[0], args[1]), ATOM
        return f"{node.op}({self.arguments(args, node)})", ATOM

    def item(self, base: Value, index: Value) -> str:
        """``base[index]``."""
        if isinstance(index, tuple) and index and not any(isinstance(part, Star) for part in index):
            inside = ", ".join([self.index(part) for part in index]) + ("," if len(index) == 1 else "")
        else:
            inside = self.index(index)
        return f"{self.receiver(base)}[{inside}]"

    def index(self, value: Value) -> str:
        """One part of an index."""
        if value is ...:
            return "..."
        if not isinstance(value, Slice):
            return self.free(value)
        start, stop, step = ("" if part is None else self.free(part) for part in (value.start, value.stop, value.step))
        if all(not part or _SIMPLE_BOUND.fullmatch(part) for part in (start, stop, step)):
            return f"{start}:{stop}" + (f":{step}" if step else "")
        text = f"{start} : {stop}".strip() if start else f": {stop}".strip()
        return f"{text} : {step}" if step else text

    def python(self, node: Node, name: str) -> Shown:
        args = node.args
        match name:
            case "literal" | "alias" | "unpack" if len(args) == 1:
                return self.value(args[0])
            case "tuple":
                return self.tuple(args), ATOM
            case "list":
                return f"[{self.items(args)}]", ATOM
            case "dict":
                pairs = [arg for arg in args if isinstance(arg, tuple) and len(arg) == 2]
                return "{" + ", ".join(f"{self.free(key)}: {self.free(item)}" for key, item in pairs) + "}", ATOM
            case "fstring":
                return self.fstring(args), ATOM
            case "and" if is_chain(self.document, node):
                return self.chain(args), COMPARE
            case "and" | "or" if len(args) > 1:
                level = AND if name == "and" else OR
                return f" {name} ".join(self.at(arg, level + 1) for arg in args), level
            case "ifelse" if len(args) == 3:
                test, body, orelse = args
                return f"{self.at(body, OR)} if {self.at(test, OR)} else {self.at(orelse, IF)}", IF
            case "carry":
                branch = self.plan.expressions.get(node.id)
                if branch is not None:
                    return self.branch(node, branch)
        return f"{name}({self.arguments(args, node)})", ATOM

    def chain(self, args: Sequence[Value]) -> str:
        parts = [self.nodes[arg.node or ""] for arg in args if isinstance(arg, In)]
        text = self.at(compared(parts[0])[0], COMPARE + 1)
        for part in parts:
            text += f" {SIGNS[part.op[9:]]} {self.at(compared(part)[1], COMPARE + 1)}"
        return text

    def branch(self, carry: Node, branch: Branch) -> Shown:
        """A Branch that is an expression (see *Lazy operands* in ARCHITECTURE.md)."""
        updates = branch.carried[0].updates
        if len(updates) == 2:
            body, orelse = updates
            return f"{self.at(body, OR)} if {self.at(branch.test, OR)} else {self.at(orelse, IF)}", IF
        word, level = ("and", AND) if branch.body else ("or", OR)
        return f"{self.at(carry.args[0], level)} {word} {self.at(updates[0], level + 1)}", level

    # -- texts with values --------------------------------------------------------------------------

    def fstring(self, parts: Sequence[Value]) -> str:
        """An f-string; what is in its braces has no double quotes and no backslashes (see plan)."""
        text = "".join(self.braces(part) if isinstance(part, Format) else _escaped(str(part)) for part in parts)
        return f'f"{text}"'

    def braces(self, part: Format) -> str:
        inside = self.free(part.value).replace('"', "'")
        if inside[:1] == "{":
            inside = f" {inside}"
        conversion = f"!{part.conversion}" if part.conversion else ""
        spec = "".join(
            self.braces(each) if isinstance(each, Format) else _escaped(str(each), braces=False) for each in part.spec
        )
        return "{" + inside + conversion + (f":{spec}" if part.spec else "") + "}"


@lru_cache(maxsize=4)
def _coded(data: bytes) -> str:
    """Kept, because an edit of anything else writes the script of large data anew."""
    return base64.b64encode(data).decode()


def _escaped(text: str, braces: bool = True) -> str:
    """Text between the quotes of an f-string."""
    shown = repr("'" + text)[2:-1] if '"' not in text else repr(text + "'\"")[1:-4]
    shown = shown.replace("\\'", "'").replace('"', '\\"')
    return shown.replace("{", "{{").replace("}", "}}") if braces else shown
