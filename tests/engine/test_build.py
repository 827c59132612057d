"""A plan computes what the same lines compute."""

from __future__ import annotations

import math
import textwrap

import pytest
import torch

from guigrad.engine.build import Plan
from guigrad.engine.values import MISSING
from guigrad.source.parse.parser import parse

PROGRAMS = {
    "numbers": "a = 7\nb = a // 2 - a % 4 + 2 ** -1\nc = -b if b > 3 else +b\nd = not (a < b < c)\ne = a == 7.0\n",
    "texts": "a = 'x'\nb = f'{a!r:>5} {3.14159:.{2}f} {a}'\nc = '%s-%d' % (a, 3)\nd = a + 'y' * 2\ne = '{} {:.1f}'.format(a, 2.5)\n",
    "containers": "a = [1, 2.5, 'x']\nb = a\nb.append((1, 2))\nc = {'k': a, 2: None}\nd = c['k'][3][1]\ne = a[::-1]\nf = len(a)\n",
    "unpacking": "a, b = 1, 2\na, b = b, a\n(c, d), e = (a, b), 3\n",
    "logic": "a = 0 or 'x'\nb = 1 and [] or None\nc = 3 in [1, 2, 3]\nd = 'z' not in 'xyz'\ne = None is not None\n",
    "loops": """
        total, last = 0, None
        for i in range(4):
            if i % 2 == 0:
                continue_ = i
            else:
                for j in range(i):
                    total += i * j
            last = i
        count = 0
        for name, (x, y) in [('a', (1, 2)), ('b', (3, 4))]:
            count += x * y
    """,
    "math": "import math\na = math.sqrt(2) + math.pi\nb = max(1, 5, 2)\nc = round(2.567, 1)\nd = sum([1, 2])\ne = abs(-3)\n",
}


def plan_of(text: str) -> Plan:
    document = parse(textwrap.dedent(text))
    assert document.problems == ()
    return Plan(document)


def named(plan: Plan) -> dict[str, object]:
    """The newest value of each name, variables included."""
    from guigrad.document.names import frame_labels

    found: dict[str, object] = {}
    for label, (key, output) in frame_labels(plan.document).items():
        value = plan.value(key)
        if label.isidentifier() and value is not MISSING:
            found[label] = value if output is None else value[output]  # type: ignore[index]  # an unpacking's value
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_python_values_are_pythons(name: str) -> None:
    expected: dict[str, object] = {"math": math}
    exec(textwrap.dedent(PROGRAMS[name]), expected)
    plan = plan_of(PROGRAMS[name])
    plan.run()
    found = named(plan)
    wanted = {key: value for key, value in expected.items() if key not in ("math", "__builtins__")}
    assert {key: repr(found[key]) for key in wanted} == {key: repr(value) for key, value in wanted.items()}


def test_the_failing_item_is_named() -> None:
    plan = plan_of("a = 1\nfor i in range(3):\n    b = 6 // (2 - i)\nc = 3\n")
    with pytest.raises(ZeroDivisionError):
        plan.run()
    assert plan.document.nodes[plan.failed or ""].op == "operator.floordiv"
    assert named(plan)["b"] == 6
    assert "c" not in named(plan)


@pytest.mark.parametrize(
    ("right", "message"),
    [
        ("torch.ones(3)", "too many values to unpack (expected 2)"),
        ("torch.ones(1)", "not enough values to unpack (expected 2, got 1)"),
        ("torch.tensor(1.0)", "iteration over a 0-d tensor"),
        ("len([1])", "cannot unpack non-iterable int object"),
    ],
)
def test_unpacking_complains_as_python_does(right: str, message: str) -> None:
    plan = plan_of(f"import torch\na, b = {right}\n")
    with pytest.raises((TypeError, ValueError)) as caught:
        plan.run()
    assert str(caught.value) == message


def test_seven_names_unpack_as_two() -> None:
    plan = plan_of("import torch\na, b, c, d, e, f, g = torch.arange(7)\n")
    plan.run()
    assert int(named(plan)["g"]) == 6  # type: ignore[call-overload]  # a tensor
    plan = plan_of("import torch\na, b, c, d, e, f, g = torch.arange(8)\n")
    with pytest.raises(ValueError, match=r"too many values to unpack \(expected 7\)"):
        plan.run()


def test_a_seed_overrides_the_programs_own() -> None:
    document = parse("import torch\ntorch.manual_seed(1)\nx = torch.rand(3)\n")
    state = torch.get_rng_state()
    plan = Plan(document, seed=9)
    plan.run()
    torch.manual_seed(9)
    assert torch.equal(named(plan)["x"], torch.rand(3))  # type: ignore[arg-type]  # a tensor
    torch.set_rng_state(state)
