"""Random scripts with functions: nested calls, several instances, defaults, values of the script, tuples, loops around calls."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

START = """import torch

k = 2
a = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
w = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
b = w * 1.0
"""
END = "root.backward()\nprint(a.grad, w.grad)\n"
"""Every script ends so."""


class _Function:
    """What a call must know: the names of the parameters, how many must be given, whether two values come back."""

    def __init__(self, name: str, params: tuple[str, ...], required: int, keyword_only: int, pair: bool) -> None:
        self.name, self.params, self.required, self.keyword_only, self.pair = name, params, required, keyword_only, pair


class _Writer:
    def __init__(self, draw: Any, loops: bool) -> None:
        self.draw, self.loops = draw, loops
        self.functions: list[_Function] = []

    def pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def call(self, function: _Function, names: tuple[str, ...], depth: int) -> str:
        """A call with some defaults left out and some arguments by keyword."""
        plain = len(function.params) - function.keyword_only
        given = []
        by_keyword = False
        for index, param in enumerate(function.params):
            if index >= function.required and self.draw(st.booleans()):
                by_keyword = True
                continue
            by_keyword = by_keyword or index >= plain or self.draw(st.integers(0, 4)) == 0
            value = self.value(names, depth + 1)
            given.append(f"{param}={value}" if by_keyword else value)
        return f"{function.name}({', '.join(given)})"

    def value(self, names: tuple[str, ...], depth: int = 0) -> str:
        """An expression that is a tensor."""
        kind = self.draw(st.integers(0, 7 if depth < 3 else 1))
        if kind > 4 and self.functions:
            function = self.pick(*self.functions)
            return self.call(function, names, depth) + (f"[{self.draw(st.integers(0, 1))}]" if function.pair else "")
        match kind:
            case 2 | 5:
                sign = self.pick("+", "*", "-")
                return f"({self.value(names, depth + 1)} {sign} {self.value(names, depth + 1)})"
            case 3 | 6:
                return f"torch.tanh({self.value(names, depth + 1)})"
            case 4 | 7:
                return f"({self.value(names, depth + 1)} * {self.pick('k', '0.5', '3')})"
        return str(self.pick(*names))

    def statement(self, names: tuple[str, ...], margin: str, depth: int = 0) -> list[str]:
        """Statements that bind ``t``, ``u`` or ``v``, which ``names`` all hold."""
        target = self.pick("t", "u", "v")
        kind = self.draw(st.integers(0, 9 if depth < 2 else 3))
        pairs = [function for function in self.functions if function.pair]
        if kind == 3 and pairs:
            return [f"{margin}t, u = {self.call(self.pick(*pairs), names, 1)}"]
        if kind == 4 and self.loops:
            inner = self.statement(names, f"{margin}    ", depth + 1)
            return [f"{margin}for i in range(2):", *inner]
        if kind == 5:
            inner, other = (self.statement(names, f"{margin}    ", depth + 1) for _ in range(2))
            return [f"{margin}if {self.value(names, 2)}.sum() > 0:", *inner, f"{margin}else:", *other]
        if kind == 6:
            return [f"{margin}print({self.value(names, 1)})"]
        if kind == 7:
            return [f"{margin}with torch.no_grad():", *self.statement(names, f"{margin}    ", depth + 1)]
        if kind == 8:
            return [f"{margin}# a comment", f"{margin}{target} = {self.value(names)}"]
        return [f"{margin}{target} = {self.value(names)}"]

    def function(self, number: int) -> list[str]:
        """A ``def`` that may call those written before."""
        count = self.draw(st.integers(0, 3))
        required = self.draw(st.integers(0, count))
        keyword_only = self.draw(st.integers(0, count))
        params = ("p", "q", "r")[:count]
        heads = [
            param if index < required else f"{param}={self.pick('b', '1.5', 'torch.ones(2)', 'a')}"
            for index, param in enumerate(params)
        ]
        if keyword_only:
            heads.insert(count - keyword_only, "*")
        names = (*params, "t", "u", "v", *self.pick((), ("a",), ("a", "b")))
        start = self.value((*params, "b"), 1)
        lines = [f"def f{number}({', '.join(heads)}):"]
        lines += [f"    {param} = {param} * torch.ones(2)" for param in params if f"{param}=1.5" in heads]
        lines += [f"    t = u = v = {start}"]
        for _ in range(self.draw(st.integers(0, 3))):
            lines += self.statement(names, "    ")
        kind = self.draw(st.integers(0, 4))
        result, early = (
            f"{self.value(names)}, {self.value(names)}" if kind == 0 else self.value(names) for _ in range(2)
        )
        if self.draw(st.integers(0, 2)) == 0:
            lines += [f"    if {self.value(names, 2)}.sum() > 0:  # early", f"        return {early}"]
            lines += self.statement(names, "    ")
        lines += [f"    return {result}"]
        self.functions.append(_Function(f"f{number}", params, required, keyword_only, kind == 0))
        return [*lines, "", ""]


@st.composite
def scripts(draw: Any, loops: bool = True) -> str:
    """A script that ends with the gradients of what it has computed."""
    writer = _Writer(draw, loops)
    parts = [writer.function(number) for number in range(draw(st.integers(1, 3)))]
    if draw(st.booleans()) and not any("=" in line and line.startswith("def") for part in parts for line in part):
        parts.reverse()  # what is defined further down may be called before: only the time of the call counts
    lines = [line for part in parts for line in part]
    names = ("a", "b", "t", "u", "v")
    lines += ["t = u = v = a * b"]
    for _ in range(draw(st.integers(1, 4))):
        lines += writer.statement(names, "")
        if draw(st.integers(0, 4)) == 0:
            lines += [draw(st.sampled_from(("k = 3", "b = b * 1.5", "k, b = 4, w")))]
    return (
        START
        + "\n".join(lines)
        + "\n"
        + f"root = ({writer.value(names)} + t * a + u + v * b).sum()\nprint(root)\n{END}"
    )
