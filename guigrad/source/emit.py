"""A Document as the minimal, idiomatic PyTorch script that means the same."""

from __future__ import annotations

from collections.abc import Sequence

from guigrad.document.closures import function_of
from guigrad.document.deep import deep_recursion
from guigrad.document.forms import LEAVES, is_in_place_method, is_statement
from guigrad.document.model import (
    CLOSURE,
    DOC,
    PARAM,
    RETURN,
    Branch,
    Comment,
    Document,
    Effect,
    Eval,
    Function,
    In,
    Item,
    Loop,
    Node,
    Region,
    item_key,
)
from guigrad.document.plan import Plan
from guigrad.document.recorded import MARK, not_runnable
from guigrad.document.written import params_of, written
from guigrad.source.literals import docstring, documentation, text_literal
from guigrad.source.printer import INFIX, Printer

_MANAGERS = {
    "no_grad": "torch.no_grad",
    "enable_grad": "torch.enable_grad",
    "inference_mode": "torch.inference_mode",
    "set_grad_enabled": "torch.set_grad_enabled",
}
_IMPORTS = (
    (("base64", "import base64"), ("math", "import math")),
    (("torch", "import torch"), ("F", "import torch.nn.functional as F")),
)
AUTO = '"cuda" if torch.cuda.is_available() else "cpu"'


def emit(document: Document) -> str:
    """The script of a document: it needs torch alone, and parse gives the document back."""
    return emit_lines(document)[0]


def emit_lines(document: Document) -> tuple[str, dict[str, int]]:
    """The script, and for each item and node the line (from 1) that shows it."""
    with deep_recursion():
        found = written(document)
        writer = _Writer(*found.main)
        writer.document_comments = document.comments
        writer.dead = not_runnable(document)
        for function, body, plan in found.bodies:
            writer.function(function, body, plan)
        first = len(writer.lines)
        writer.body(writer.document.program, 0)
    if found.bodies:
        _two_blank_lines(writer, first)
    head = _head(document, writer.printer.modules)
    if found.bodies and head:
        head.append("")
    lines = [*head, *writer.lines, *document.comments.get("", Comment()).before]
    places = {key: line + len(head) for key, line in writer.places.items()}
    return "\n".join(lines) + "\n" if lines else "", places


def _two_blank_lines(writer: _Writer, first: int) -> None:
    """Exactly two blank lines between the functions and the program."""
    blank = 0
    while first + blank < len(writer.lines) and not writer.lines[first + blank]:
        blank += 1
    wanted = 2 if first + blank < len(writer.lines) else 0
    writer.lines[first : first + blank] = [""] * wanted
    for key, line in writer.places.items():
        if line > first:
            writer.places[key] = line + wanted - blank


def _head(document: Document, modules: set[str]) -> list[str]:
    device = document.settings.device
    if device and device != "cpu":
        modules.add("torch")
    lines = list(document.comments.get("^", Comment()).before)
    groups = [[text for key, text in group if key in modules] for group in _IMPORTS]
    for group in filter(None, groups):
        if group is not groups[0] and groups[0]:
            lines.append("")
        lines += group
    if any(groups):
        lines.append("")
    if device and device != "cpu":
        lines += [f"torch.set_default_device({AUTO if device == 'auto' else text_literal(device)})", ""]
    return lines


class _Writer:
    """Writes items as lines. ``places``: the line of each item, counted from 1 at the first line of the program."""

    def __init__(self, document: Document, plan: Plan) -> None:
        self.document = document
        self.nodes = document.nodes
        self.plan = plan
        self.document_comments = document.comments
        self.printer = Printer(document, plan)
        self.lines: list[str] = []
        self.places: dict[str, int] = {}
        self.dead: frozenset[str] = frozenset()
        self.inside: list[str] = []  # keys written inside the next statement
        self.absorbed = set(plan.absorbed.values())

    # -- lines --------------------------------------------------------------------------------------

    def line(self, key: str, indent: int, text: str, after: str = "", before: Sequence[str] | None = None) -> None:
        """One statement with its comments, and those of what is written inside it."""
        keys = [*self.inside, key]
        self.inside.clear()
        comments = [self.document.comments[each] for each in keys if each in self.document.comments]
        margin = "    " * indent
        text = (MARK if key in self.dead else "") + text
        for comment in comments:
            self.lines += [margin + line if line else "" for line in comment.before]
        behind = [comment.after for comment in comments if comment.after]
        if len(behind) > 1:
            self.lines += [margin + comment for comment in behind[:-1]]
        self.lines.append(margin + text + (f"  {behind[-1]}" if behind else ""))
        for each in keys:
            self.places[each] = len(self.lines)

    def function(self, function: Function, body: Document, plan: Plan) -> None:
        """A ``def``, two blank lines behind the one before."""
        if self.lines:
            self.lines += ["", ""]
        comment = self.document_comments.get(function.id, Comment())
        before = list(comment.before)
        while before and not before[0]:
            del before[0]
        self.lines += before
        inner = _Writer(body, plan)
        inner.printer.modules = self.printer.modules
        inner.dead = self.dead
        params = []
        nodes = list(params_of(function, body))
        for index, node in enumerate(nodes):
            if index == len(nodes) - function.keyword_only:
                params.append("*")
            params.append((node.name or "_") + (f"={inner.printer.free(node.args[0])}" if node.args else ""))
            if index + 1 == function.positional_only:
                params.append("/")
        after = f"  {comment.after}" if comment.after else ""
        self.lines.append(f"def {body.functions[function.id].name}({', '.join(params)}):{after}")
        self.places[function.id] = len(self.lines)
        text = "\n".join(line[2:] for line in self.document_comments.get(f"{function.id}{DOC}", Comment()).before)
        self.lines += [f"    {line}".rstrip() for line in documentation(text)] if text else []
        offset = len(self.lines)
        inner.body(body.program, 1)
        self.lines += inner.lines
        own = {key: line + offset for key, line in inner.places.items() if key != function.id}
        self.places.update(own)

    def closure(self, item: Region, indent: int) -> None:
        """The ``def`` of a function that a step is given. See Note [Closures] in document.closures."""
        node = self.nodes[function_of(self.document, item)]
        self.line(item.id, indent, f"def {node.name}():")
        text = "\n".join(line[2:] for line in self.document_comments.get(f"{item.id}{DOC}", Comment()).before)
        margin = "    " * (indent + 1)
        self.lines += [f"{margin}{line}".rstrip() for line in documentation(text)] if text else []
        self.body(item.body, indent + 1)

    def body(self, items: tuple[Item, ...], indent: int, dead: bool = False) -> None:
        """Every statement of a body; ``dead``: its head is a comment."""
        written = len(self.lines)
        for item in items:
            self.item(item, indent)
        lines = self.lines[written:]
        if indent and not any(line and not line.lstrip().startswith("#") for line in lines):
            self.lines.append("    " * indent + (MARK if dead else "") + "pass")

    def item(self, item: Item, indent: int) -> None:
        key = item_key(item)
        match item:
            case Eval() | Effect():
                node = self.nodes[key]
                if node.op == PARAM or (node.op == RETURN and not node.args):
                    return
                if key in self.plan.inline or key in self.absorbed:
                    self.inside.append(key)
                else:
                    self.line(key, indent, self.statement(node))
            case Region(kind="closure"):
                self.closure(item, indent)
            case Region():
                args = self.printer.items(item.args)
                self.printer.modules.add("torch")
                self.line(key, indent, f"with {_MANAGERS.get(item.kind, item.kind)}({args}):")
                self.body(item.body, indent + 1)
            case Loop():
                target = self.targets(self.nodes[item.var])
                self.line(key, indent, f"for {target} in {self.printer.at(item.iter, 0)}:")
                for carry in item.carried:
                    self.places[carry.port] = self.places[key]
                self.places[item.var] = self.places[key]
                self.body(item.body, indent + 1, key in self.dead)
            case Branch():
                self.branch(item, indent)

    def branch(self, item: Branch, indent: int, word: str = "if") -> None:
        expression = item.carried[0].port if item.carried else ""
        if expression in self.plan.expressions:
            self.expression(item, expression, indent)
            return
        test = self.printer.free(item.test)
        message = self._asserted(item)
        if message is not None:
            self.inside += [item_key(inner) for inner in item.orelse]
            self.line(item.id, indent, f"assert {self.printer.free(item.test)}, {self.printer.free(message.args[1])}")
            return
        self.line(item.id, indent, f"{word} {test}:")
        for carry in item.carried:
            self.places[carry.port] = self.places[item.id]
        dead = item.id in self.dead
        self.body(item.body, indent + 1, dead)
        if not item.orelse:
            return
        nested = self._elif(item.orelse)
        if nested is not None:
            self.inside += [item_key(inner) for inner in item.orelse[:-1]]
            self.branch(nested, indent, "elif")
        else:
            self.lines.append("    " * indent + (MARK if dead else "") + "else:")
            self.body(item.orelse, indent + 1, dead)

    def expression(self, item: Branch, carry: str, indent: int) -> None:
        """A Branch that is an expression: part of a statement, or one."""
        for inner in (*item.body, *item.orelse):
            if isinstance(inner, Eval | Effect):
                self.inside.append(item_key(inner))
            elif isinstance(inner, Branch):
                self.expression(inner, inner.carried[0].port, indent)
        if carry in self.plan.inline:
            self.inside += [item.id, carry]
            return
        self.inside.append(carry)
        self.line(item.id, indent, self.statement(self.nodes[carry]))

    def _elif(self, items: tuple[Item, ...]) -> Branch | None:
        """The Branch that an ``else`` consists of, beside what is written in its test."""
        last = items[-1]
        if not isinstance(last, Branch) or self._is_expression(last) or self._asserted(last) is not None:
            return None
        for item in items[:-1]:
            key = item.carried[0].port if isinstance(item, Branch) and self._is_expression(item) else item_key(item)
            if key not in self.plan.inline:
                return None
        return last

    def _is_expression(self, item: Branch) -> bool:
        return bool(item.carried) and item.carried[0].port in self.plan.expressions

    def _asserted(self, item: Branch) -> Node | None:
        """The node of ``assert t, message`` whose message is evaluated only when t is false."""
        if item.body or item.carried or not item.orelse or not isinstance(item.orelse[-1], Effect):
            return None
        node = self.nodes[item.orelse[-1].node]
        if node.op != "python.assert" or len(node.args) != 2 or node.args[0] is not False:
            return None
        for inner in item.orelse[:-1]:
            key = inner.carried[0].port if isinstance(inner, Branch) and self._is_expression(inner) else item_key(inner)
            if key not in self.plan.inline:
                return None
        return node if isinstance(node.args[1], In) and node.args[1].node in self.plan.inline else None

    # -- statements ---------------------------------------------------------------------------------

    def statement(self, node: Node) -> str:
        """One statement."""
        op, args, show = node.op, node.args, self.printer
        if is_statement(op):
            return self._special(node)
        if op in (RETURN, CLOSURE):
            many = isinstance(args[0], tuple) and len(args[0]) > 1
            return f"return {show.items(args[0]) if many else show.free(args[0])}"  # type: ignore[arg-type]  # a tuple
        if node.outputs:
            target = self.targets(node)
            if op == "python.tuple" and len(args) > 1:
                return f"{target} = {show.items(args)}"
            return f"{target} = {show.node(node)[0]}"
        if node.name is None:
            if op == "python.literal" and isinstance(args[0], str):
                return docstring(args[0])
            return show.node(node)[0]
        if is_in_place_method(op) and isinstance(args[0], In) and show.wire(args[0])[0] == node.name:
            return show.node(node)[0]
        return f"{node.name} = {show.node(node)[0]}"

    def _special(self, node: Node) -> str:
        """``y += v``, ``x[i] = v``, ``x.grad = v`` and ``assert``."""
        args, show = node.args, self.printer
        family, *words = node.op.split(".")
        if node.op in LEAVES:
            return words[-1]
        if family == "python":
            return f"assert {show.items(args)}"
        if node.op == "operator.setitem":
            return f"{show.item(args[0], args[1])} = {show.free(args[2])}"
        sign = _sign(words[-1]) if words[-1] not in ("grad", "data", "requires_grad") else "="
        if family == "operator":
            return f"{show.free(args[0])} {sign} {show.free(args[1])}"
        if family == "setitem":
            return f"{show.item(args[0], args[1])} {sign} {show.free(args[2])}"
        return f"{show.receiver(args[0])}.{words[0]} {sign} {show.free(args[1])}"

    def targets(self, node: Node) -> str:
        """What stands left of ``=`` or between ``for`` and ``in``."""
        if not node.outputs:
            return node.name or "_"
        parts = []
        for index, name in enumerate(node.outputs):
            inner = self.plan.absorbed.get(In(node.id, index))
            parts.append(f"({self.targets(self.nodes[inner])})" if inner else name or "_")
        return f"({parts[0]},)" if len(parts) == 1 else ", ".join(parts)


def _sign(name: str) -> str:
    """``+=`` for iadd."""
    word = name[1:]
    if word == "pow":
        return "**="
    return INFIX[word if word in INFIX else f"{word}_"][0] + "="
