"""Random programs: what plain Python prints for them, it prints for their emitted form too."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st

from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse

START = (
    "import torch\na = 1\nb = 2\nc = 0\nx = torch.tensor([1.0, -2.0])\ny = torch.tensor(3.0)\nz = x\nitems = [1, 2]\n"
)
NUMBERS, TENSORS = ("a", "b", "c", "n"), ("x", "y", "z", "t")


class _Writer:
    """Draws the lines of one program."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def number(self, depth: int = 0) -> str:
        kind = self.draw(st.integers(0, 11 if depth < 3 else 2))
        if kind < 2:
            return str(self.pick(*NUMBERS[:3]))
        if kind == 2:
            return str(self.draw(st.integers(-2, 4)))
        left, right = self.number(depth + 1), self.number(depth + 1)
        match kind:
            case 3 | 4 | 5:
                return f"({left} {self.pick('+', '-', '*')} {right})"
            case 6:
                return f"({left} if {self.condition(depth + 1)} else {right})"
            case 7:
                return f"({left} {self.pick('and', 'or')} {right})"
            case 8:
                return f"{self.tensor(depth + 1)}.sum().item()"
            case 9:
                return f"len(items) % {self.pick(2, 3)}"
            case 10:
                return f"-{left}"
        return f"max({left}, {right})"

    def tensor(self, depth: int = 0) -> str:
        kind = self.draw(st.integers(0, 9 if depth < 3 else 1))
        if kind < 2:
            return str(self.pick(*TENSORS[:3]))
        inner = self.tensor(depth + 1)
        match kind:
            case 2 | 3:
                return f"({inner} {self.pick('+', '*', '-')} {self.number(depth + 1)})"
            case 4:
                return f"{inner}.clamp(-9, 9)"
            case 5:
                return f"torch.relu({inner})"
            case 6:
                return f"({inner} + {self.tensor(depth + 1)})"
            case 7:
                return f"{inner}.mul_({self.number(depth + 1)})"
            case 8:
                return f"{inner}.clone()"
        return f"({inner} if {self.condition(depth + 1)} else {self.tensor(depth + 1)})"

    def condition(self, depth: int = 0) -> str:
        kind = self.draw(st.integers(0, 5 if depth < 3 else 0))
        if kind < 3:
            return f"{self.number(depth + 1)} {self.pick('<', '==', '>=', '!=')} {self.number(depth + 1)}"
        if kind == 3:
            return f"{self.number(depth + 1)} < {self.number(depth + 1)} <= {self.number(depth + 1)}"
        if kind == 4:
            return f"not {self.condition(depth + 1)}"
        return f"({self.condition(depth + 1)} {self.pick('and', 'or')} {self.condition(depth + 1)})"

    def statement(self, margin: str, depth: int) -> list[str]:
        kind = self.draw(st.integers(0, 15))
        name, tensor = self.pick(*NUMBERS), self.pick(*TENSORS)
        match kind:
            case 0 | 1:
                return [f"{margin}{name} = {self.number()}"]
            case 2 | 3:
                return [f"{margin}{tensor} = {self.tensor()}"]
            case 4:
                return [f"{margin}{self.pick(*NUMBERS[:3])} {self.pick('+=', '-=', '*=')} {self.number()}"]
            case 5:
                return [f"{margin}{self.pick(*TENSORS[:3])} {self.pick('+=', '*=')} {self.number()}"]
            case 6:
                return [f"{margin}{', '.join(NUMBERS[:2])} = {self.number()}, {self.number()}"]
            case 7:
                return [f"{margin}x, z = z, {self.tensor()}"]
            case 8:
                return [f"{margin}items.append({self.number()})  # more"]
            case 9:
                return [f'{margin}print(f"{{{self.number()}}} {{{self.tensor()}}} {{{self.pick(*TENSORS[:3])}}}")']
            case 10 | 11 if depth < 3:
                loop = f"{margin}for {self.pick('i', 'c', 'n')} in {self.pick('range(2)', 'items[:2]', '(1, a)', 'range(a % 3)')}:"
                return [loop, *self.body(margin, depth)]
            case 12 | 13 | 14 if depth < 3:
                lines = [f"{margin}if {self.condition()}:", *self.body(margin, depth)]
                if self.draw(st.booleans()):
                    lines += [f"{margin}elif {self.condition()}:", *self.body(margin, depth)]
                if self.draw(st.booleans()):
                    lines += [f"{margin}else:  # or", *self.body(margin, depth)]
                return lines
        return [f"{margin}print({', '.join((*NUMBERS[:3], *TENSORS[:3], self.number()))})"]

    def body(self, margin: str, depth: int) -> list[str]:
        count = self.draw(st.integers(1, 3))
        return [line for _ in range(count) for line in self.statement(margin + "    ", depth + 1)]


@st.composite
def programs(draw: Any) -> str:
    """A script over a few numbers and tensors with loops, branches and in-place changes."""
    writer = _Writer(draw)
    lines = [line for _ in range(draw(st.integers(1, 7))) for line in writer.statement("", 0)]
    return START + "\n".join(lines) + "\nprint(a, b, c, x, y, z, items)\n"


def printed(source: str) -> str:
    """What a script prints, and the class of the error that ends it."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(source, "<script>", "exec"), {})
        except Exception as error:
            print(type(error).__name__)
    return out.getvalue()


@given(programs())
def test_programs_read_back_and_print_the_same(source: str) -> None:
    document = parse(source)
    assert document.problems == ()
    text = emit(document)
    again = parse(text)
    assert again.problems == ()
    assert again.canonical() == document.canonical()
    assert emit(again) == text
    torch.manual_seed(0)
    assert printed(text) == printed(source)
