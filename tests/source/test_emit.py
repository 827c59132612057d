"""Documents as code: precedence and spacing, names, inlining, and what only a canvas makes."""

from __future__ import annotations

import ast
import math
import struct

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from guigrad.document.array import ArrayData
from guigrad.document.model import (
    Carried,
    Comment,
    Document,
    Effect,
    Eval,
    Format,
    In,
    Item,
    ListOf,
    Loop,
    Node,
    Region,
    Value,
    walk,
)
from guigrad.source.emit import emit, emit_lines
from guigrad.source.literals import docstring, number, text_literal
from guigrad.source.parse.parser import parse
from tests.play import play_here

HEAD = "import torch\n\nx = torch.ones(3)\n"


def shown(expression: str) -> str:
    """An expression after a round trip."""
    text = emit(parse(f"import torch\nimport torch.nn.functional as F\nx = torch.ones(3)\ni = 1\ny = {expression}\n"))
    return next(line for line in text.splitlines() if line.startswith("y = "))[4:]


@pytest.mark.parametrize(
    "expression",
    [
        "2 * x**2", "(2 * x) ** 2", "-(x**2)", "(-x) ** 2", "x ** (i + 1)", "x**-i if False else x", "2**-1", "x.sum() ** 2", "x.T**2",
        "x - (x - 1)", "x - x - 1", "x / (x * 2)", "x * 2 / 3", "(x + 1) @ x", "-x @ x", "~(x > 0)", "(x > 0) & (x < 2) | (x == 1)",
        "x[i + 1 :]", "x[:i]", "x[i, ..., None]", "x[1:2, ::2]", "x[(x > 1)]", "x[-1]", "x[: i + 1, 0]", "(x + 1)[0].sum()",
        "not x.any() and not i", "(i or x) and i", "i if i else (x if i else 2)", "(i if i else 2) + 1", "i < 2 < 3", "(i < 2) == (i < 3)",
        "1 in (1, 2)", "i not in [1]", "x is not None", "F.relu(x, inplace=False)", "torch.cat([x, x], dim=0)", "(x, i)", "(x,)", "[]", "{}",
        "{'a': x, 'b': [i]}", "(1).bit_length()", "1.5.hex()", "(-1.5).hex()", '"a" + "b"', '"it\'s"', "'say \"x\"'", "1e-08", "1e16", "True", "None",
        'f"{x:.3f} {i!r:>10} {{}}"', "f\"{x.mean().item():>{10}}\"", '"%s" % x', '"{}".format(i)', "torch.zeros(*[1, 2])", "max(*x, i)",
        "x.grad_fn is None", "1 - 2j", "2j", "x.max(0).values", "x.permute(*(0,))", "x if i > 0 and x.sum() > 1 else -x", "abs(-i)",
    ],
)  # fmt: skip
def test_expressions_mean_the_same(expression: str) -> None:
    text = shown(expression)
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(expression))
    assert len(text) <= len(expression) + 2


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("2*t**2".replace("t", "x"), "2 * x**2"),
        ("x [ 0 ]", "x[0]"),
        ("((x))+((1))", "x + 1"),
        ("'a'", '"a"'),
        ("torch.nn.functional.relu(x)", "F.relu(x)"),
        ("x[i+1:]", "x[i + 1 :]"),
        ("x.sum()**2", "x.sum() ** 2"),
        ("0.10", "0.1"),
        ("x if  i  else x", "x if i else x"),
    ],
)
def test_text_is_what_black_would_write(expression: str, text: str) -> None:
    assert shown(expression) == text


def test_only_needed_imports_and_in_order() -> None:
    assert emit(parse("import torch\nimport math\nprint(1)\n")) == "print(1)\n"
    text = emit(parse("import math, torch\nimport torch.nn.functional as F\nx = F.relu(torch.tensor(math.pi))\n"))
    assert text.splitlines()[:4] == ["import math", "", "import torch", "import torch.nn.functional as F"]


def test_lines_tell_where_each_item_is() -> None:
    document = parse(HEAD + "y = 2 * x**2\nfor i in range(2):\n    print(y)\n")
    text, lines = emit_lines(document)
    rows = text.splitlines()
    for item in walk(document.program):
        key = item.id if isinstance(item, Loop) else item.node  # type: ignore[union-attr]
        assert key in lines
        if key in document.nodes and document.nodes[key].name:
            assert rows[lines[key] - 1].startswith(f"{document.nodes[key].name} = ")
    loop = next(item for item in document.program if isinstance(item, Loop))
    assert rows[lines[loop.id] - 1] == "for i in range(2):"


# -- documents made on a canvas -----------------------------------------------------------------------


def canvas(*nodes: Node, program: tuple[Item, ...] | None = None) -> Document:
    items = program if program is not None else tuple(Eval(node.id) for node in nodes)
    return Document(nodes={node.id: node for node in nodes}, program=items)


def checked(document: Document) -> str:
    """The code of a document, which must read back as the same program."""
    text = emit(document)
    again = parse(text)
    assert again.canonical() == document.canonical()
    assert emit(again) == text
    return text


LEAF = Node("a", "torch.ones", (3,), name="x")


def test_a_node_read_twice_gets_a_name_and_one_read_once_none() -> None:
    text = checked(
        canvas(LEAF, Node("b", "torch.exp", (In("a"),)), Node("c", "operator.mul", (In("b"), In("b"))), Node("d", "torch.sum", (In("c"),)))
    )  # fmt: skip
    assert text.splitlines()[3:] == ["exp = torch.exp(x)", "torch.sum(exp * exp)"]


def test_order_of_evaluation_is_never_changed() -> None:
    first, second = Node("r", "torch.randn", (2,)), Node("s", "torch.rand", (2,))
    text = checked(canvas(first, second, Node("t", "operator.sub", (In("s"), In("r")), name="d")))
    assert text.splitlines()[2:] == ["randn = torch.randn(2)", "d = torch.rand(2) - randn"]
    text = checked(canvas(first, second, Node("t", "operator.sub", (In("r"), In("s")), name="d")))
    assert text.splitlines()[2:] == ["d = torch.randn(2) - torch.rand(2)"]


@pytest.mark.parametrize("name", ["torch", "class", "print", "F", "1x", "a b", "len", "é-1", "match", ""])
def test_names_that_code_cannot_have_are_changed(name: str) -> None:
    text = checked(
        canvas(
            Node("a", "torch.ones", (3,), name=name),
            Node("b", "torch.nn.functional.relu", (In("a"),), name="y"),
            Node("c", "builtins.len", (In("b"),)),
            Node("p", "python.print", (In("a"), In("c"))),
            program=(Eval("a"), Eval("b"), Eval("c"), Effect("p")),
        )
    )
    assert play_here([text]) == ["tensor([1., 1., 1.]) 3\n"]


def test_an_older_holder_of_a_name_is_renamed() -> None:
    text = checked(
        canvas(LEAF, Node("b", "operator.add", (In("a"), 1), name="x"), Node("c", "operator.mul", (In("a"), In("b")), name="z"))
    )  # fmt: skip
    assert text.splitlines()[2:] == ["x_1 = torch.ones(3)", "x = x_1 + 1", "z = x_1 * x"]


def test_an_older_number_keeps_a_second_name() -> None:
    n, m = Node("n", "python.literal", (1,), name="n"), Node("m", "operator.iadd", (In("n"), 2), name="n")
    shown = Node("p", "python.print", (In("n"), In("m")))
    text = checked(canvas(n, m, shown, program=(Eval("n"), Eval("m"), Effect("p"))))
    assert play_here([text]) == ["1 3\n"]


def test_in_place_under_another_name_changes_the_same_tensor() -> None:
    change = Node("b", "operator.iadd", (In("a"), 1), name="y")
    shown = Node("p", "python.print", (In("a"), In("b")))
    text = checked(canvas(LEAF, change, shown, program=(Eval("a"), Effect("b"), Effect("p"))))
    assert play_here([text]) == ["tensor([2., 2., 2.]) tensor([2., 2., 2.])\n"]


def test_loop_variable_with_other_names_is_aliased() -> None:
    nodes = (
        LEAF,
        Node("c", "python.carry", (In("a"),)),
        Node("v", "python.loop_var"),
        Node("u", "operator.mul", (In("c"), 2), name="u"),
        Node("p", "python.print", (In("a"), In("c"))),
    )
    loop = Loop("l", "v", ListOf((1, 2)), (Eval("u"),), (Carried("c", (In("u"),)),))
    text = checked(canvas(*nodes, program=(Eval("a"), loop, Effect("p"))))
    assert play_here([text]) == ["tensor([1., 1., 1.]) tensor([4., 4., 4.])\n"]


def test_unwired_ports_are_visible_and_read_back() -> None:
    document = canvas(
        Node("b", "torch.add", (In(None), In(None)), name="y"), Node("g", "operator.getitem", (In("b"), In(None)))
    )
    text = checked(document)
    assert text.splitlines()[2:] == ["y = torch.add(..., ...)", "y[...]"]
    assert [problem.kind for problem in parse(text).problems] == ["unwired", "unwired"]


def test_empty_bodies_pass() -> None:
    document = canvas(Node("v", "python.loop_var"), program=(Loop("l", "v", (1, 2)), Region("r", "no_grad")))
    assert checked(document).splitlines() == [
        "import torch", "", "for loop_var in (1, 2):", "    pass", "with torch.no_grad():", "    pass",
    ]  # fmt: skip


def test_a_long_chain_is_cut_where_python_would_fail() -> None:
    nodes = [LEAF] + [Node(f"n{i}", "torch.relu", (In(f"n{i - 1}" if i else "a"),)) for i in range(1000)]
    text = checked(canvas(*nodes))
    assert max(line.count("(") for line in text.splitlines()) <= 45
    compile(text, "x", "exec")


def test_texts_that_an_fstring_cannot_hold_get_a_name() -> None:
    call = Node("b", "str.join", ('", "\\n', ListOf(("a", "b"))))
    text = checked(canvas(call, Node("f", "python.fstring", ("v: ", Format(In("b"), "", (">4",))), name="s")))
    compile(text, "x", "exec")
    assert len(text.splitlines()) == 2


def test_comments_of_inlined_nodes_stay() -> None:
    document = parse(HEAD + "y = x + 1\n")
    key = next(node.id for node in document.nodes.values() if node.name == "x")
    changed = Document(
        nodes=document.nodes,
        program=document.program,
        comments={key: Comment(("# one",), "# two"), "": Comment(("# end",))},
    )
    assert emit(changed).splitlines()[2:] == ["# one", "x = torch.ones(3)  # two", "y = x + 1", "# end"]


# -- tensors of exact bits ------------------------------------------------------------------------------


def data(dtype: torch.dtype, *shape: int) -> ArrayData:
    values = torch.arange(math.prod(shape)).to(dtype).reshape(shape)
    raw = bytes(values.contiguous().view(torch.uint8).flatten().tolist()) if values.numel() and shape else b""
    return ArrayData(str(dtype).removeprefix("torch."), shape, tuple(values.stride()), raw)


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.bfloat16, torch.int64, torch.bool, torch.complex64, torch.float8_e4m3fn]
)
@pytest.mark.parametrize("grad", [False, True])
def test_exact_tensors_read_back_and_run(dtype: torch.dtype, grad: bool) -> None:
    if grad and not (dtype.is_floating_point or dtype.is_complex):
        return
    array = data(dtype, 2, 3)
    kwargs: tuple[tuple[str, Value], ...] = (("requires_grad", True),) if grad else ()
    text = checked(canvas(Node("a", "tensor.data", (array,), kwargs, name="x")))
    (printed,) = play_here([text + "print(x.dtype, x.shape, x.requires_grad, x.is_leaf, x.tolist())\n"])
    expected = torch.arange(6).to(dtype).reshape(2, 3)
    assert printed == f"{dtype} {expected.shape} {grad} True {expected.tolist()}\n"


def test_exact_tensors_keep_strides_offsets_and_emptiness() -> None:
    array = ArrayData("float32", (2,), (2,), struct.pack("<4f", 0, 1, 2, 3), 1)
    empty = ArrayData("float32", (0, 3), (3, 1), b"")
    text = checked(canvas(Node("a", "tensor.data", (array,), name="x"), Node("b", "tensor.data", (empty,), name="y")))
    assert play_here([text + "print(x, x.stride(), y, y.stride())\n"]) == [
        "tensor([1., 3.]) (2,) tensor([], size=(0, 3)) (3, 1)\n"
    ]


# -- constants --------------------------------------------------------------------------------------------


@given(st.one_of(st.floats(), st.integers(), st.complex_numbers(allow_nan=False)))
def test_numbers_read_back_to_the_same_bits(value: complex) -> None:
    text, _ = number(value)
    node = next(iter(parse(f"x = {text}\n").nodes.values()))
    assert node.op == "python.literal"
    assert repr(node.args[0]) == repr(value)
    assert repr(eval(text)) == repr(value)


@given(st.text(min_size=1))
def test_texts_read_back(value: str) -> None:
    assert ast.literal_eval(text_literal(value)) == value
    assert ast.literal_eval(docstring(value)) == value
    document = canvas(Node("a", "python.fstring", (value, Format(1, "", (">3",)), value), name="s"))
    assert parse(emit(document)).canonical() == document.canonical()
