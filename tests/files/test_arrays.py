"""Arrays from other programs' files."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guigrad.document.array import ArrayData
from guigrad.document.problem import ProblemError
from guigrad.files.arrays import read_arrays, read_csv, read_npy, read_npz, read_safetensors, write_safetensors


def npy(array: Any, **more: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **more)
    return stream.getvalue()


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8", "<i8", ">i2", "|u1", "|b1", "<c8", ">c16", "<f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy(dtype: str, order: Any) -> None:
    array = np.array(np.arange(24).reshape(2, 3, 4) % 2, dtype=dtype, order=order)
    made = read_npy(npy(array))
    assert made.shape == (2, 3, 4)
    assert np.array_equal(made.numpy(), array)
    assert made.dtype == array.dtype.newbyteorder("<").name
    assert read_npy(npy(np.array(3.5))).tolist() == 3.5


def test_npy_refuses_objects_and_claims(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no numbers"):
        read_npy(npy(np.array([{"a": 1}], dtype=object), allow_pickle=True))
    for shape in ("(10000000000,)", "(-1,)", "[1]", "(1.5,)", "(10**9,10**9)"):
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}".encode()
        with pytest.raises(ValueError):
            read_npy(b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header + bytes(16))
    for bad in (b"", b"\x93NUMPY", b"\x93NUMPY\x01\0\xff\xff", npy(np.ones(3))[:-4]):
        with pytest.raises(ValueError):
            read_npy(bad)


def test_npz(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", x=np.ones((2, 2), np.float32), y=np.arange(3))
    found = read_arrays(tmp_path / "a.npz")
    assert {name: array.shape for name, array in found.items()} == {"x": (2, 2), "y": (3,)}
    with pytest.raises(ValueError, match=r"no \.npz"):
        read_npz(b"PK\x03\x04rubbish")


def test_an_npz_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    from guigrad.files import arrays

    monkeypatch.setattr(arrays, "LIMIT_BYTES", 10_000)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(1_000_000))
    with pytest.raises(ValueError, match="too large"):
        read_npz(stream.getvalue())


ARRAYS = {
    "plain": ArrayData("float32", (2, 2), (2, 1), np.arange(4, dtype="<f4").tobytes()),
    "turned": ArrayData("float32", (2, 2), (1, 2), np.arange(4, dtype="<f4").tobytes(), 0, "a"),
    "wide": ArrayData("complex128", (1,), (1,), bytes(16)),
    "spread": ArrayData("bfloat16", (3, 5), (1, 0), bytes(6)),
    "empty": ArrayData("int64", (0, 3), (3, 1), b""),
}


def test_safetensors_come_back_with_strides_and_sharing(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(write_safetensors(ARRAYS))
    assert read_arrays(tmp_path / "a.safetensors") == ARRAYS


@pytest.mark.parametrize(
    "header",
    [
        {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 100]}},
        {"a": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 8]}},
        {"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}},
        {"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}},
        {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}},
        {"a": {"dtype": "X", "shape": [2], "data_offsets": [0, 8]}},
        {"a": 3},
        [1],
        {"__metadata__": {"guigrad": '{"a": ["float32", [1000], [1], 0, ""]}'}, "a": {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]}},
        {"__metadata__": {"guigrad": '{"a": 3}'}, "a": {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]}},
    ],
)  # fmt: skip
def test_hostile_safetensors(header: Any) -> None:
    text = json.dumps(header).encode()
    with pytest.raises(ValueError):
        read_safetensors(struct.pack("<Q", len(text)) + text + bytes(16))


@given(st.binary(max_size=60))
def test_rubbish_never_raises_anything_else(data: bytes) -> None:
    for reader in (read_npy, read_npz, read_safetensors, read_csv):
        for start in (b"", b"\x93NUMPY\x01\0\x20\0", struct.pack("<Q", 20) + b'{"a":'):
            try:
                reader(start + data)
            except ValueError:
                continue


def test_csv() -> None:
    assert read_csv(b"a,b\n1.5,2\n-3e2,nan\n")[0] == ["a", "b"]
    assert read_csv(b"1;2\n3;4\n")[1].tolist() == [[1, 2], [3, 4]]
    assert read_csv(b"1;2\n3;4\n")[1].dtype == "int64"
    assert read_csv(b"\xef\xbb\xbfx\ty\n0.5\t1\n\n")[1].tolist() == [[0.5, 1.0]]
    assert read_csv(b"0.1\n0.2\n", "float64")[1].tolist() == [[0.1], [0.2]]
    for bad, words in (
        (b"", "empty"),
        (b"1,2\n3\n", "row 2 has 1"),
        (b"a,b\n1,x\n", "row 2, column 2"),
        (b"a\n99999999999999999999\n", "no number"),
    ):
        with pytest.raises(ValueError, match=words):
            read_csv(bad)


def test_unknown_and_missing_files(tmp_path: Path) -> None:
    (tmp_path / "a.mat").write_bytes(b"x")
    (tmp_path / "a.npy").write_bytes(b"x")
    for name in ("a.mat", "a.npy", "none.csv"):
        with pytest.raises(ProblemError):
            read_arrays(tmp_path / name)
