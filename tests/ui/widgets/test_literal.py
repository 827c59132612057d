"""Typed texts become values, and say what is wrong with them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guigrad.document.model import ListOf, Slice, Sym, Value
from guigrad.ui.widgets.literal import LiteralTextError, index_text, read_index, read_tensor, read_value, value_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-2.5", -2.5),
        ("[1, 2.0, True]", ListOf((1, 2.0, True))),
        ("(2, 3)", (2, 3)),
        ("torch.float32", Sym("torch.float32")),
        ("float32", Sym("torch.float32")),
        ("1 + 2j", 1 + 2j),
        ("None", None),
        ("'a'", "a"),
        ("-inf", float("-inf")),
    ],
)
def test_values_are_read(text: str, value: Value) -> None:
    assert repr(read_value(text)) == repr(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2,", "']' is missing"),
        ("[[1, 2], [3]]", "row 1 [1]"),
        ("", "a value is expected"),
        ("1]", "closes nothing"),
        ("__import__('os')", "only numbers"),
        ("os.system", "no constant of torch"),
        ("[x for x in y]", "only numbers"),
        ("[1, 'a']", "a tensor holds numbers"),
        ("(" * 5000, "is missing"),
        ("-'a'", "a sign"),
        ("f'{1}'", "only numbers"),
        ("1\x00", "null bytes"),
    ],
)
def test_wrong_texts_are_explained(text: str, words: str) -> None:
    with pytest.raises(LiteralTextError) as caught:
        read_tensor(text)
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["0", "0, 1:3", "...", "::2", "-1, None", "1:", ":, 0"])
def test_an_index_survives(text: str) -> None:
    value = read_index(text)
    assert repr(read_index(index_text(value))) == repr(value)


def test_a_slice() -> None:
    assert read_index("1:3") == Slice(1, 3)


numbers = st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans())
values = st.recursive(
    numbers | st.none() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: ListOf(tuple(items))) | st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=8,
)


@given(values)
def test_text_and_back(value: Value) -> None:
    assert repr(read_value(value_text(value))) == repr(value)


@given(st.text(max_size=30))
def test_any_text_gives_a_value_or_words(text: str) -> None:
    problem = ""
    try:
        problem = repr(read_value(text))
    except LiteralTextError as error:
        problem = str(error)
    assert problem
