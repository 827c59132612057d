"""Functions taken from document to document."""

from __future__ import annotations

import pytest

from guigrad.document import edit, file
from guigrad.document.draft import Refused
from guigrad.document.encode import encode
from guigrad.document.model import Document, callee
from guigrad.document.scope import inside
from guigrad.document.shelf import entry, take
from guigrad.source.parse.parser import parse
from tests.document.test_edit_functions import SCRIPT, call_of, ids, make, sound


def nested() -> Document:
    """g calls f."""
    document = make(parse(SCRIPT), "c", "d")
    return edit.make_function([call_of(document), *ids(document, "e")])(document).apply(document)


def kept(document: Document, name: str) -> Document:
    key = next(key for key, function in document.functions.items() if function.name == name)
    return file.read(encode(take(document, [key], name), "0.1.0"))


def test_a_function_takes_along_what_it_calls() -> None:
    shelf = kept(nested(), "g")
    assert sorted(function.name for function in shelf.functions.values()) == ["f", "g"]
    assert shelf.functions[entry(shelf)].name == "g"
    assert not shelf.problems
    new = edit.add_function(shelf)(Document()).apply(Document())
    assert sorted(function.name for function in new.functions.values()) == ["f", "g"]
    assert sound(new)


def test_the_same_function_is_shared_when_it_comes_twice() -> None:
    shelf = kept(nested(), "g")
    once = edit.add_function(shelf)(Document()).apply(Document())
    twice = edit.add_function(shelf)(once).apply(once)
    assert len(twice.functions) == 2
    assert len([node for node in inside(twice, "").nodes.values() if callee(node)]) == 2
    other = nested()  # where it came from
    assert len(edit.add_function(shelf)(other).apply(other).functions) == 2


def test_another_function_of_the_same_name_gets_a_free_one() -> None:
    shelf = kept(nested(), "f")
    other = make(parse(SCRIPT), "e")
    new = edit.add_function(shelf)(other).apply(other)
    assert sorted(function.name for function in new.functions.values()) == ["f", "f_2"]
    assert sound(new)


def test_a_function_cannot_come_to_call_itself() -> None:
    document = nested()
    f, g = (next(key for key, each in document.functions.items() if each.name == name) for name in "fg")
    with pytest.raises(Refused, match="f would call itself: f → f"):
        edit.within(f, edit.add_call(f))(document)
    with pytest.raises(Refused, match="would call itself"):
        edit.within(f, edit.add_call(g))(document)
    assert sound(edit.within(g, edit.add_call(f))(document).apply(document))


def test_copied_calls_bring_their_functions() -> None:
    document = nested()
    call = next(node.id for node in inside(document, "").nodes.values() if callee(node))
    fragment = edit.copy(document, [call])
    new = edit.paste(fragment)(Document()).apply(Document())
    assert sorted(function.name for function in new.functions.values()) == ["f", "g"]
    assert sound(new)
    same = edit.paste(fragment)(document).apply(document)
    assert len(same.functions) == 2
    key = document.nodes[call].op.removeprefix("def.")
    inner = next(node.id for node in inside(document, key).nodes.values() if callee(node))
    again = edit.within(key, edit.duplicate([inner]))(document).apply(document)
    assert len(again.functions) == 2
    assert sound(again)
