"""The canonical form: what two documents with the same code have in common."""

from __future__ import annotations

from hypothesis import given
from msgspec import structs

from guigrad.document.array import ArrayData
from guigrad.document.canonical import canonical
from guigrad.document.model import Comment, DictOf, Document, Effect, Eval, ListOf, Note, Settings, Slice, View, walk
from guigrad.document.rewire import rewire_items, rewire_node
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse
from tests.strategies import documents

SCRIPT = "import torch\nx = torch.ones(3)  # c\ny = 2 * x**2\nfor i in range(3):\n    y = y + i\nprint(y)\n"


def plain(value: object) -> object:
    """The value without what no call's code can say: arrays and slices outside their places."""
    match value:
        case ArrayData() | Slice():
            return 0
        case tuple():
            return tuple(map(plain, value))
        case ListOf() | DictOf():
            return type(value)(plain(value.items))  # type: ignore[arg-type]
    return value


def writable(document: Document) -> Document:
    """A random document that code can say."""
    nodes = {}
    for key, node in document.nodes.items():
        if node.op != "operator.getitem":
            node = structs.replace(node, args=plain(node.args), kwargs=plain(node.kwargs))
        nodes[key] = node
    return structs.replace(document, nodes=nodes)


def renamed(document: Document) -> Document:
    """The same document with other ids."""

    def key(old: str) -> str:
        return f"other {old}"

    nodes = {
        key(old): structs.replace(
            rewire_node(node, lambda wire: structs.replace(wire, node=wire.node and key(wire.node))), id=key(old)
        )
        for old, node in document.nodes.items()
    }
    program = rewire_items(document.program, lambda wire: structs.replace(wire, node=wire.node and key(wire.node)), key)
    return Document(nodes=nodes, program=program, settings=document.settings)


def test_ids_layout_and_comments_are_dropped() -> None:
    document = parse(SCRIPT)
    other = structs.replace(
        renamed(document),
        views={"x": View(1, 2)},
        notes={"n": Note("n", "text")},
        comments={"": Comment(("# end",))},
        settings=Settings(title="A title", root="n1"),
    )
    assert other != document
    assert other.canonical() == document.canonical()
    assert document.canonical().comments == {}


def test_what_runs_is_kept() -> None:
    first = parse(SCRIPT).canonical()
    for old, new in (
        ("ones", "zeros"),
        ("**2", "**3"),
        ("**2", "**2.0"),
        ("y + i", "i + y"),
        ("range(3)", "range(4)"),
        ("x = ", "z = x = "),
    ):
        assert parse(SCRIPT.replace(old, new)).canonical() != first
    assert structs.replace(parse(SCRIPT), settings=Settings(device="cuda")).canonical() != first


def test_ways_to_write_the_same_are_the_same() -> None:
    same = (
        SCRIPT.replace("2 * x**2", "(2 * (x) ** 2)")
        .replace("import torch\n", "import torch as th\n")
        .replace("torch.ones", "th.ones")
    )
    assert parse(same).canonical() == parse(SCRIPT).canonical()


def test_it_is_idempotent_and_counts_in_program_order() -> None:
    once = parse(SCRIPT).canonical()
    assert canonical(once) == once
    keys = [item.node if isinstance(item, Eval | Effect) else item.id for item in walk(once.program)]
    assert [int(key[1:]) for key in keys] == sorted(int(key[1:]) for key in keys)


@given(documents().map(writable))
def test_code_reads_back_as_the_same_program(document: Document) -> None:
    text = emit(document)
    again = parse(text)
    assert again.canonical() == document.canonical()
    assert emit(again) == text


@given(documents())
def test_any_document_has_code(document: Document) -> None:
    text = emit(document)
    compile(text, "<code>", "exec", dont_inherit=True)
    assert canonical(document.canonical()) == document.canonical()
