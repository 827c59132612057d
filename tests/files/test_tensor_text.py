"""Tensors from text: what NumPy and torch print, lists, tables; nonsense is told in words."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from guigrad.files.tensor_text import TensorTextError, looks_like_tensor, read_tensor_text

GOOD = [
    ("array([[1., 2.], [3., 4.]], dtype=float32)", "float32", [[1.0, 2.0], [3.0, 4.0]], False),
    ("array([1., 2.])", "float64", [1.0, 2.0], False),
    ("x = np.array([1, 2, 3])", "int64", [1, 2, 3], False),
    ("tensor([[1., 2.],\n        [3., 4.]], grad_fn=<AddBackward0>)", "float32", [[1.0, 2.0], [3.0, 4.0]], True),
    ("tensor([1, 2], device='cuda:0', dtype=torch.int32)", "int32", [1, 2], False),
    ("Parameter containing:\ntensor([1., 2.], requires_grad=True)", "float32", [1.0, 2.0], True),
    ("tensor(3.5)", "float32", 3.5, False),
    ("array([ True, False])", "bool", [True, False], False),
    ("[[1,2],[3,4]]", "int64", [[1, 2], [3, 4]], False),
    ("[[1. 2.]\n [3. -4.]]", "float32", [[1.0, 2.0], [3.0, -4.0]], False),
    ("1\t2\t3\n4\t5\t6", "int64", [[1, 2, 3], [4, 5, 6]], False),
    ("1,5\n2,6.5", "float32", [[1.0, 5.0], [2.0, 6.5]], False),
    ("a;b\n1;2", "int64", [[1, 2]], False),
    ("1\n2\n3", "int64", [1, 2, 3], False),
    ("tensor([inf, -inf])", "float32", [float("inf"), float("-inf")], False),
]


@pytest.mark.parametrize(("text", "dtype", "values", "grad"), GOOD)
def test_what_other_programs_print_is_read(text: str, dtype: str, values: object, grad: bool) -> None:
    assert looks_like_tensor(text)
    array, wants = read_tensor_text(text)
    assert (array.dtype, array.tolist(), wants) == (dtype, values, grad)


BAD = [
    ("hello world", "no tensor"),
    ("array([0., ..., 9.])", "leaves entries out"),
    ("[[1, 2], [3]]", "row 1"),
    ("[1, 2", "brackets"),
    ("array([300], dtype=uint8)", "outside"),
    ("array([1.5], dtype=int32)", "no such number"),
    ("array(['a'])", "numbers"),
    ("tensor([1.], foo=3)", "foo"),
    ("tensor([1.]) tensor([2.])", "one tensor"),
    ("array([1., 2.", "cut off"),
    ("[__import__('os').system('x')]", "brackets"),
    ("array([1], dtype=object)", "object"),
    ("", "no text"),
]


@pytest.mark.parametrize(("text", "words"), BAD)
def test_nonsense_is_told_in_words(text: str, words: str) -> None:
    with pytest.raises(TensorTextError, match=words):
        read_tensor_text(text)


@pytest.mark.parametrize(
    "code", ["import torch", "t = torch.ones(3)", "x + y", "torch.tensor([1.0])", "a = [1, 2]\nb = a", "3.5", "x"]
)
def test_code_is_left_to_the_parser(code: str) -> None:
    assert not looks_like_tensor(code)


@given(st.lists(st.lists(st.floats(width=32), min_size=2, max_size=2), min_size=1, max_size=4))
def test_what_numpy_prints_comes_back(rows: list[list[float]]) -> None:
    array = np.array(rows, np.float32)
    found, _ = read_tensor_text(repr(array))
    assert found.dtype == "float32"
    np.testing.assert_allclose(found.numpy(), array, rtol=1e-5)


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=9))
def test_what_torch_prints_comes_back(values: list[int]) -> None:
    assert read_tensor_text(repr(torch.tensor(values)))[0].tolist() == values


@given(st.text(max_size=60))
def test_no_text_raises_anything_else(text: str) -> None:
    looks_like_tensor(text)
    with contextlib.suppress(TensorTextError):
        assert read_tensor_text(text)[0].dtype
