"""``break`` and ``continue``: what names mean where a loop is left, against Python itself, on programs made at random."""

from __future__ import annotations

import contextlib
import io
import random

import pytest

from guigrad.document import edit
from guigrad.document.check import check
from guigrad.document.model import Branch, walk
from guigrad.engine.play import Engine
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse

NAMES = "abc"


def expression(rng: random.Random) -> str:
    one, other = rng.choice(NAMES), rng.choice(NAMES)
    return rng.choice([one, str(rng.randint(0, 5)), f"{one} + {rng.randint(1, 3)}", f"{one} - {other}"])


def inner(rng: random.Random, depth: int, loop: bool, count: int) -> list[str]:
    lines = body(rng, depth + 1, loop, count)
    if loop and rng.random() < 0.5:
        lines.append(rng.choice(["break", "continue"]))
    return [f"    {line}" for line in lines]


def body(rng: random.Random, depth: int, loop: bool, count: int) -> list[str]:
    lines: list[str] = []
    for _ in range(count):
        chance = rng.random()
        if chance < 0.45 or depth > 3:
            lines.append(f"{rng.choice(NAMES)} = {expression(rng)}")
        elif chance < 0.55:
            lines.append("print(a, b, c)")
        elif chance < 0.62:
            lines.append(f"{rng.choice(NAMES)} += {rng.randint(1, 3)}")
        elif chance < 0.88:
            test = f"{rng.choice(NAMES)} {rng.choice(['<', '>', '=='])} {rng.randint(0, 6)}"
            lines += [f"if {test}:", *inner(rng, depth, loop, rng.randint(1, 3))]
            if rng.random() < 0.4:
                lines += ["else:", *inner(rng, depth, loop, rng.randint(1, 2))]
        else:
            lines.append(f"for {rng.choice('ijc')} in range({rng.randint(0, 5)}):")
            lines += [f"    {line}" for line in body(rng, depth + 1, True, rng.randint(2, 4))]
    return lines


def printed(source: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(source, {})
    return out.getvalue()


@pytest.mark.parametrize("seed", range(60))
def test_a_program_that_leaves_its_loops_means_what_python_means(seed: int) -> None:
    rng = random.Random(seed)
    source = "\n".join(["a = 1", "b = 2", "c = 3", *body(rng, 0, False, rng.randint(2, 5)), "print(a, b, c)", ""])
    document = parse(source)
    assert not document.problems, source
    code = emit(document)
    assert parse(code).canonical() == document.canonical()
    assert printed(code) == printed(source)
    engine = Engine(document)
    engine.run()
    assert "".join(engine.prints) == printed(source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("if 1 > 0:\n    break\n", "`break` is understood only"),
        (
            "for i in range(3):\n    if i:\n        with torch.no_grad():\n            break\n",
            "`break` is understood only",
        ),
        (
            "def f(x):\n    if x:\n        break\n    return x\nfor i in range(2):\n    if i:\n        f(i)\n",
            "`break` is",
        ),
        ("for i in range(3):\n    if i:\n        continue\nelse:\n    pass\n", "`else` of a loop"),
    ],
)
def test_elsewhere_it_is_refused(source: str, message: str) -> None:
    problems = parse("import torch\n" + source).problems
    assert any(problem.message.startswith(message) for problem in problems), problems


LOOP = """w = 1
for i in range(9):
    w += i
    if w > 5:
        print(w)
        break
print(w)
"""


def test_edits_keep_it_last_in_its_if() -> None:
    document = parse(LOOP)
    leave = next(key for key, node in document.nodes.items() if node.op == "python.break")
    shown = next(key for key, node in document.nodes.items() if node.op == "python.print")
    branch = next(item.id for item in walk(document.program) if isinstance(item, Branch))
    for refused in (edit.move_item(leave), edit.move_item(leave, before=shown), edit.add_node("python.break")):
        with pytest.raises(edit.Refused, match="last thing in an if of a loop"):
            refused(document)
    with pytest.raises(edit.Refused, match="leaves a loop"):
        edit.make_function([branch])(document)
    more = edit.add_effect("print", "i", into=branch)(document).apply(document)
    assert emit(more).count("print(i)\n        break") == 1
    copied = edit.copy(document, [shown, leave, branch])
    pasted = edit.paste(copied)(document).apply(document)
    assert not [problem for problem in check(pasted) if "loop" in problem.message]
