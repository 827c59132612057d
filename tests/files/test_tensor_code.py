"""Text and files of tensors, read back by NumPy and torch."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from guigrad.engine.values import array_of
from guigrad.files.arrays import read_npy
from guigrad.files.tensor_code import numpy_text, torch_text, write_npy

NAMES = {"np": np, "torch": torch, "base64": base64}
NAN, INF = float("nan"), float("inf")
TENSORS = [
    torch.tensor(1.5), torch.tensor([0.1, -0.0, 1e-45, 3.4e38, INF, -INF]), torch.tensor([NAN, 1.0]), torch.zeros(1) / 0,
    torch.tensor([[1, -2], [3, 2**62]]), torch.tensor([True, False]), torch.tensor([255, 0], dtype=torch.uint8),
    torch.tensor([0.1, 1e300], dtype=torch.float64), torch.tensor([0.1, 65504.0], dtype=torch.float16),
    torch.tensor([0.1, -3.0, NAN, -0.0], dtype=torch.bfloat16), torch.tensor([1 + 2j, -1.5 - 0.1j, complex(-0.0, 2), complex(INF, NAN)]),
    torch.tensor([0.1 + 1e-9j], dtype=torch.complex128), torch.zeros(0), torch.zeros(2, 0, 3), torch.zeros(0, dtype=torch.int64),
    torch.arange(24.0).reshape(2, 3, 4).transpose(0, 2), torch.ones(1).expand(3, 2), torch.linspace(-1, 1, 300), torch.randn(3, 50),
    torch.full((2,), 2**63 + 1, dtype=torch.uint64), torch.tensor([2**31, 1], dtype=torch.uint32), torch.tensor([-5], dtype=torch.int8),
]  # fmt: skip


def read(text: str) -> Any:
    return eval(text, dict(NAMES))


def bits(tensor: torch.Tensor) -> bytes:
    return bytes(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()) if tensor.numel() else b""


@pytest.mark.parametrize("tensor", TENSORS, ids=lambda t: f"{t.dtype}-{tuple(t.shape)}")
def test_the_texts_and_the_file_read_back_to_the_same_bits(tensor: torch.Tensor) -> None:
    array = array_of(tensor)
    assert array is not None
    again = read(torch_text(array))
    assert (again.dtype, again.shape, bits(again)) == (tensor.dtype, tensor.shape, bits(tensor))
    wide = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
    for found in (read(numpy_text(array)), np.load(io.BytesIO(write_npy(array)))):
        assert (found.dtype, found.shape, found.tobytes()) == (wide.numpy().dtype, tuple(wide.shape), bits(wide))
    assert read_npy(write_npy(array)).tolist() == array.tolist() or tensor.isnan().any()


def test_bfloat16_says_that_it_was_widened() -> None:
    array = array_of(torch.ones(2, dtype=torch.bfloat16))
    assert array is not None
    assert "bfloat16" in numpy_text(array)


def test_a_dtype_without_a_numpy_type_is_refused() -> None:
    array = array_of(torch.ones(2).to(torch.float8_e4m3fn))
    assert array is not None
    with pytest.raises(TypeError, match="float8"):
        numpy_text(array)


@given(st.lists(st.floats(width=32), max_size=12))
def test_any_float32_reads_back(numbers: list[float]) -> None:
    tensor = torch.from_numpy(np.array(numbers, np.float32))
    array = array_of(tensor)
    assert array is not None
    assert bits(read(torch_text(array))) == bits(tensor)
    assert read(numpy_text(array)).tobytes() == bits(tensor)
