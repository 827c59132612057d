"""Statements to items: assignments, effects, loops, branches, regions; what is not understood becomes a problem."""

from __future__ import annotations

import ast
from typing import Final

from guigrad.document.forms import LEAVES
from guigrad.document.model import Branch, Carried, Comment, Effect, Eval, In, Item, Loop, Region, Value, item_key
from guigrad.source.parse import kinds
from guigrad.source.parse.bound import Names, bound_names, in_place_name
from guigrad.source.parse.calls import MANAGERS
from guigrad.source.parse.comments import tidy
from guigrad.source.parse.imports import read_import
from guigrad.source.parse.operands import Lazy
from guigrad.source.parse.scope import Bound, RefusedError
from guigrad.source.parse.targets import Targets

REFUSED: Final[dict[type[ast.stmt], tuple[str, str]]] = {
    ast.While: ("`while` is not understood", "Write `for i in range(n):` with as many rounds as are needed."),
    ast.AsyncFunctionDef: ("`async` is not understood", "Write a plain `def`."),
    ast.ClassDef: ("a class is not understood", "Write its parameters as tensors and its lines where it is called."),
    ast.Return: (
        "`return` is understood only as the last statement of a function",
        "Let an `if` choose the value, and return it at the end.",
    ),
    ast.Try: ("`try` is not understood", "An error shows on its node; write the lines alone."),
    ast.Raise: ("`raise` is not understood", "Write `assert`."),
    ast.Delete: ("`del` is not understood", "Leave the name; nothing is lost by it."),
    ast.Global: ("`global` is not understood", ""),
    ast.Nonlocal: ("`nonlocal` is not understood", ""),
    ast.AsyncFor: ("`async` is not understood", ""),
    ast.AsyncWith: ("`async` is not understood", ""),
    ast.Match: ("`match` is not understood", "Write `if` and `elif`."),
}
_AUTO: Final = "'cuda' if torch.cuda.is_available() else 'cpu'"


class Statements(Targets):
    """Reads statements, one after the other; ``comments`` and ``device`` are what they say beside the program."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(lines)
        self.device = "cpu"
        self.known: dict[ast.stmt, Names] = {}
        self.branched: set[In] = set()  # the variables of each `if` around
        self.last: set[ast.stmt] = set()  # statements that end the body of an `if`

    def block(self, statements: list[ast.stmt]) -> None:
        """Reads a body."""
        self.depth += 1
        for statement in statements:
            self.statement(statement)
        self.depth -= 1

    def statement(self, statement: ast.stmt) -> None:
        """Reads one statement; one that is not understood leaves a problem and nothing else."""
        outer, depth = self.start, self.depth
        body = self.items
        self.start = len(body)
        mark = self.mark()
        self.waiting += self.beside.before(statement)
        after = self.beside.after(statement)
        waiting, self.waiting = self.waiting, []
        first = not self.nodes
        try:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self._import(statement, waiting, after)
                return
            if self._is_device(statement, first):
                self.waiting = [line for line in waiting if line]
                return
            compound = hasattr(statement, "body")
            before = tidy(waiting, first)
            if compound:
                self.waiting = []
            self._read(statement)
            if isinstance(statement, ast.FunctionDef):
                self.beside.done = max(self.beside.done, statement.end_lineno or 0)
                if before or after:
                    self.comments[self.definitions[-1].id] = Comment(before, after)
                return
            self._keep(before, after, body[self.start :])
        except (RefusedError, RecursionError) as error:
            self.items, self.depth = body, depth
            self._refused(statement, error, mark)
            self.waiting = [*waiting, *([after] if after else [])]
        finally:
            self.start = outer

    def _refused(self, statement: ast.stmt, error: RefusedError | RecursionError, mark: tuple[int, int, int]) -> None:
        self.roll_back(mark)
        if isinstance(error, RefusedError):
            self.report(error.where or statement, error.message, error.kind, error.why)
        else:
            self.report(statement, "this statement is nested too deeply", why="Give its parts names of their own.")
        self.refuse_names(bound_names([statement], {}), statement.lineno)
        self.beside.done = max(self.beside.done, statement.end_lineno or 0)

    def _keep(self, before: tuple[str, ...], after: str, made: list[Item]) -> None:
        """Puts comments at the item that the code shows as this statement."""
        if not made:
            self.waiting = [*before, *([after] if after else []), *self.waiting]
            return
        shown = [item for item in made if not isinstance(item, Eval) or self._has_name(item.node)] or made[-1:]
        if isinstance(made[-1], Eval | Effect) and not self._has_name(item_key(made[-1])):
            shown = shown if self._has_name(item_key(shown[0])) else made[-1:]
        for item, comment in ((shown[0], Comment(before)), (made[-1], Comment((), after))):
            old = self.comments.get(item_key(item), Comment())
            if comment != Comment():
                self.comments[item_key(item)] = Comment(old.before + comment.before, comment.after or old.after)

    def _has_name(self, key: str) -> bool:
        node = self.nodes.get(key)
        return node is not None and (node.name is not None or bool(node.outputs))

    def _import(self, statement: ast.Import | ast.ImportFrom, waiting: list[str], after: str) -> None:
        lines = [line for line in [*waiting, after] if line]
        try:
            read_import(self, statement)
        finally:
            if not self.nodes and "^" not in self.comments and lines:
                self.comments["^"] = Comment(tidy([*waiting, *([after] if after else [])], True))
            else:
                self.waiting = lines

    def _is_device(self, statement: ast.stmt, first: bool) -> bool:
        """``torch.set_default_device("cuda")`` ahead of everything is the document's device."""
        match statement:
            case ast.Expr(value=ast.Call(func=func, args=[device], keywords=[])) if (
                first and not self.depth - 1 and self.path(func) == "torch.set_default_device"
            ):
                if isinstance(device, ast.Constant) and isinstance(device.value, str):
                    self.device = device.value
                    return True
                if isinstance(device, ast.IfExp) and ast.unparse(device) == _AUTO:
                    self.device = "auto"
                    return True
        return False

    # -- each kind of statement -----------------------------------------------------------------

    def _read(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Assign():
                self.assign(statement)
            case ast.AugAssign():
                self.augment(statement)
            case ast.AnnAssign(target=target, value=value):
                if value is not None:
                    self.assign_one(target, value)
            case ast.Expr():
                self._expression(statement)
            case ast.For():
                self._for(statement)
            case ast.If():
                self._if(statement)
            case ast.With():
                self._with(statement, statement.items)
            case ast.Assert():
                self._assert(statement)
            case ast.Pass():
                pass
            case ast.Break() | ast.Continue():
                self._leave(statement)
            case ast.FunctionDef():
                self.define(statement)
            case _:
                message, why = REFUSED.get(type(statement), ("this statement is not understood", ""))
                raise RefusedError(statement, message, why=why)

    def _expression(self, statement: ast.Expr) -> None:
        if isinstance(statement.value, ast.Constant):
            if isinstance(statement.value.value, str):
                self.node(statement, "python.literal", (statement.value.value,), kind="str")
            return
        value = self.value(statement.value)
        name = in_place_name(statement)
        if name and isinstance(value, In) and (bound := self.names.get(name)) is not None:
            node = self.nodes[value.node or ""]
            if bound.value is not None and node.args[:1] == (bound.value,) and node.op.startswith("torch.Tensor."):
                self.change(node.id, name=name)
                self.bind(name, value)

    def _assert(self, statement: ast.Assert) -> None:
        test = self.value(statement.test)
        message = statement.msg
        if message is None or self.is_plain(message):
            args = (test,) if message is None else (test, self.value(message))
            self.node(statement, "python.assert", args, effect=True, kind="None")
            return
        with Lazy(self) as lazy:
            self.node(statement, "python.assert", (False, self.value(message)), effect=True, kind="None")
        key = self.new_id()
        self.place(key, statement)
        self.items.append(Branch(key, test, (), tuple(lazy.items)))

    def _with(self, statement: ast.With, items: list[ast.withitem]) -> None:
        if not items:
            self.block(statement.body)
            return
        kind, args = self._manager(items[0])
        key = self.new_id()
        self.place(key, items[0].context_expr)
        with Lazy(self) as lazy:
            self._with(statement, items[1:])
        self.items.append(Region(key, kind, tuple(lazy.items), args))

    def _manager(self, item: ast.withitem) -> tuple[str, tuple[Value, ...]]:
        call = item.context_expr
        if not isinstance(call, ast.Call) or self.path(call.func) not in MANAGERS:
            why = "Only torch.no_grad(), enable_grad(), inference_mode() and set_grad_enabled(…) are."
            raise RefusedError(call, "this context manager is not understood", why=why)
        if item.optional_vars is not None:
            raise RefusedError(item.optional_vars, "`as` is not understood here", why="Leave it out.")
        kind = MANAGERS[self.path(call.func)]
        given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
        wanted = {"set_grad_enabled": (1,), "inference_mode": (0, 1)}.get(kind, (0,))
        if len(given) != len(call.args) + len(call.keywords) or len(given) not in wanted:
            raise RefusedError(call, f"{kind} does not take these arguments", "type")
        return kind, tuple(self.value(arg) for arg in given)

    def _leave(self, statement: ast.Break | ast.Continue) -> None:
        word = "break" if isinstance(statement, ast.Break) else "continue"
        if not self.rounds or statement not in self.last:
            why = f"Write `if …:` around it, with `{word}` as the last line in there."
            raise RefusedError(statement, f"`{word}` is understood only as the last line of an `if` in a loop", why=why)
        self.rounds[-1].append({name: self._begun(bound) for name, bound in self.names.items()})
        self.node(statement, f"python.{word}", effect=True, kind="None")

    def _begun(self, bound: Bound | None) -> Bound | None:
        """What a name holds that an `if` around this line has not re-bound yet: what the variable of that `if` started from."""
        while bound is not None and bound.value in self.branched:
            start = self.nodes[bound.value.node or ""].args[:1]
            bound = Bound(start[0]) if start and isinstance(start[0], In) else None
        return bound

    def _left(self, items: tuple[Item, ...]) -> bool:
        """Whether a body ends with ``break`` or ``continue``."""
        return bool(items) and isinstance(items[-1], Effect) and self.nodes[items[-1].node].op in LEAVES

    # -- variables: see Note [Variables] in document.model ----------------------------------------

    def _open(self, where: ast.stmt, names: Names) -> dict[str, In]:
        """A variable for each name that the bodies may bind."""
        variables: dict[str, In] = {}
        for name in names:
            old = self.names.get(name)
            start: tuple[Value, ...] = (old.value,) if old is not None and old.value is not None else ()
            kind = self.kind(start[0]) if start else "any"
            wire = variables[name] = self.node(where, "python.carry", start, kind=kind, item=False)
            self.change(wire.node or "", name=name)
            if old is None or old.value is not None:
                self.names[name] = Bound(wire, maybe=not start or (old is not None and old.maybe))
        return variables

    def _body(
        self,
        statements: list[ast.stmt],
        variables: dict[str, In],
        target: ast.expr | None = None,
        var: In | None = None,
    ) -> tuple[tuple[Item, ...], dict[str, Bound | None]]:
        """The items of one body, and what each variable's name means at its end."""
        before = {name: self.names.get(name) for name in variables}
        with Lazy(self) as lazy:
            if target is not None and var is not None:
                self._loop_target(target, var)
            self.block(statements)
            if self.definitions:
                self.read_unused(lazy.items)
        after = {name: self.names.get(name) for name in variables}
        for name, bound in before.items():
            if bound is None:
                self.names.pop(name, None)
            else:
                self.names[name] = bound
        return tuple(lazy.items), after

    def _close(
        self, variables: dict[str, In], ends: list[dict[str, Bound | None]], rounds: bool = False
    ) -> tuple[Carried, ...]:
        """What the names mean after the item: their variables. ``rounds``: it is a loop, which may have none."""
        carried: list[Carried] = []
        for name, wire in variables.items():
            finals = [end.get(name) for end in ends]
            updates = tuple(
                dict.fromkeys(f.value for f in finals if f is not None and f.value is not None and f.value != wire)
            )
            carried.append(Carried(wire.node or "", updates))
            odd = next(
                (one for one in finals if one is not None and (one.refused or one.path or one.function is not None)),
                None,
            )
            if odd is not None:
                self.names[name] = odd
                continue
            started = bool(self.nodes[wire.node or ""].args)
            kind = self.kinds[wire] if started else ""
            for update in updates:
                kind = kinds.join(kind or self.kind(update), self.kind(update))
            self.kinds[wire] = kind or "any"
            sure = started if rounds else all(final is not None and not final.maybe for final in finals)
            before = self.names.get(name)
            self.names[name] = Bound(wire, maybe=not sure or (rounds and before is not None and before.maybe))
        return tuple(carried)

    def _if(self, statement: ast.If) -> None:
        if _is_main(statement):
            self.depth -= 1
            self.block(statement.body)
            self.depth += 1
            return
        test = self.value(statement.test)
        key = self.new_id()
        self.place(key, statement.test)
        variables = self._open(statement, bound_names([statement], self.known))
        self.last.update(part[-1] for part in (statement.body, statement.orelse) if part)
        self.branched.update(variables.values())
        body, first = self._body(statement.body, variables)
        orelse, second = self._body(statement.orelse, variables)
        self.branched.difference_update(variables.values())
        ends = [end for part, end in ((body, first), (orelse, second)) if not self._left(part)]
        carried = self._close(variables, ends)
        self.items.append(Branch(key, test, body, orelse, carried))

    def _for(self, statement: ast.For) -> None:
        if statement.orelse:
            raise RefusedError(
                statement.orelse[0], "`else` of a loop is not understood", why="Write it behind the loop."
            )
        steps = self.value(statement.iter)
        key = self.new_id()
        self.place(key, statement.iter)
        variables = self._open(statement, bound_names([statement], self.known))
        var = self.node(statement.target, "python.loop_var", kind=self._kind_of_step(steps), item=False)
        self.rounds.append([])
        try:
            body, end = self._body(statement.body, variables, statement.target, var)
        finally:
            left = self.rounds.pop()
        carried = self._close(variables, [end, *left], rounds=True)
        self.items.append(Loop(key, var.node or "", steps, body, carried))

    def _loop_target(self, target: ast.expr, var: In) -> None:
        match target:
            case ast.Name(id=name):
                self.change(var.node or "", name=name)
                self.bind(name, var)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                kind = self.kind(var)
                self.give_outputs(var.node or "", elements)
                if kind == "enumerate":
                    self.kinds[In(var.node, 0)] = "int"
                for index, element in enumerate(elements):
                    if not isinstance(element, ast.Name):
                        self.store(element, In(var.node, index))
            case _:
                raise RefusedError(target, "only names can be the variable of a loop")

    def _kind_of_step(self, steps: Value) -> str:
        if isinstance(steps, In):
            node = self.nodes.get(steps.node or "")
            op = node.op if node is not None else ""
            if op in ("builtins.range", "builtins.enumerate"):
                return "int" if op == "builtins.range" else "enumerate"
            return "Tensor" if self.kind(steps) == "Tensor" else "any"
        items = getattr(steps, "items", steps)
        found = {self.kind(item) for item in items} if isinstance(items, tuple) else set()
        return found.pop() if len(found) == 1 else "any"


def _is_main(statement: ast.If) -> bool:
    match statement:
        case ast.If(
            test=ast.Compare(
                left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")]
            ),
            orelse=[],
        ):
            return True
    return False
