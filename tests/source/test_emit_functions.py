"""``def`` in code: random scripts with functions read back as they are, and print what they printed."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given

from guigrad.document import file
from guigrad.document.edit_functions import without
from guigrad.document.encode import encode
from guigrad.document.expand import expand
from guigrad.document.model import Document
from guigrad.document.scope import body_keys
from guigrad.document.shelf import take
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse
from tests.play import play_here
from tests.scripts import scripts


def read(source: str) -> Document:
    document = parse(source)
    assert document.problems == ()
    return document


@given(scripts())
def test_scripts_with_functions_read_back_and_print_the_same(source: str) -> None:
    document = read(source)
    text = emit(document)
    again = read(text)
    assert again.canonical() == document.canonical()
    assert emit(again) == text
    plain, emitted = play_here([source, text])
    assert "ERROR" not in plain
    assert emitted == plain


@given(scripts())
def test_what_it_expands_to_prints_the_same(source: str) -> None:
    expanded = expand(read(source))
    assert not expanded.functions
    plain, emitted = play_here([source, emit(expanded)])
    assert emitted == plain


@given(scripts())
def test_no_wire_crosses_the_border_of_a_function(source: str) -> None:
    document = read(source)
    for function in document.functions.values():
        own = body_keys(function)
        for key in own & document.nodes.keys():
            assert all(wire.node in own for wire in document.nodes[key].inputs())


DEFAULT_OF_ANOTHER = """import torch
b = torch.tensor(1.0)
def f(p=b):
    return p * 2
def g():
    return f() + 1
def h():
    return g() + f(torch.tensor(0.5))
b = torch.tensor(10.0)
print(h(), f(), g())
"""


def test_a_default_keeps_its_value_where_a_body_leaves_it_out() -> None:
    text = emit(read(DEFAULT_OF_ANOTHER))
    assert play_here([DEFAULT_OF_ANOTHER, text, emit(read(text))]) == ["tensor(4.) tensor(2.) tensor(3.)\n"] * 3


def test_a_function_that_nobody_calls_may_read_what_is_not_there() -> None:
    source = "def f(x):\n    return x * y\n"
    document = read(source)
    assert emit(document) == source
    (function,) = document.functions.values()
    assert [document.nodes[key].name for key in function.captures] == ["y"]
    (problem,) = parse(f"{source}\n\nf(2)\n").problems
    assert (problem.line, problem.message) == (2, "name 'y' is not defined")
    assert read(f"{source}\n\ny = 3\nprint(f(2))\n").problems == ()


@pytest.mark.parametrize("body", ["pirnt(x)", "return foo(x)"])
def test_what_a_body_calls_must_be_known_though_nobody_calls_it(body: str) -> None:
    (problem,) = parse(f"def f(x):\n    {body}\n").problems
    assert problem.kind == "name"
    assert problem.line == 2


@pytest.mark.parametrize(
    "text",
    [
        '    """One line."""\n',
        '    """First.\n\n    More,\n      indented.\n    """\n',
        '    "with \\"quotes\\" and \\\\\\n two lines"\n',
        "    '''ends with \"'''\n",
    ],
)
def test_docstrings_stay(text: str) -> None:
    source = f"# above\ndef f(x):\n{text}    y = x * 2  # twice\n    return y  # given\n\n\nprint(f(2))\n"
    document = read(source)
    emitted = emit(document)
    assert emit(read(emitted)) == emitted
    before, after = (ast.parse(each).body[0] for each in (source, emitted))
    assert isinstance(before, ast.FunctionDef)
    assert isinstance(after, ast.FunctionDef)
    assert ast.get_docstring(before) == ast.get_docstring(after)
    if '"""' in text:
        assert emitted == source
    (key,) = document.functions
    other = take(document, [key])
    assert ast.get_docstring(ast.parse(emit(other)).body[0]) == ast.get_docstring(before)  # type: ignore[arg-type]  # a def
    assert not without(document, [key]).apply(document).comments.keys() & {f"{key}/doc", f"{key}/return"}
    assert file.read(encode(document, "test")).comments == document.comments
