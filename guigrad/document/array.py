"""A tensor's storage as a plain record: what files, frames and documents carry instead of live tensors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    import numpy as np

# torch dtype name -> (numpy dtype, bytes an element). bfloat16 and the float8 kinds have no NumPy type.
NUMPY = {
    "float64": "<f8", "float32": "<f4", "float16": "<f2", "int64": "<i8", "int32": "<i4", "int16": "<i2",
    "int8": "|i1", "uint8": "|u1", "uint16": "<u2", "uint32": "<u4", "uint64": "<u8", "bool": "|b1",
    "complex64": "<c8", "complex128": "<c16",
}  # fmt: skip


class ArrayData(Struct, frozen=True):
    """The exact bits of one tensor.

    ``data`` is the storage from the first to the last element that the shape and strides reach; ``strides`` count
    elements, ``offset`` is the element of ``data`` where index zero lies. Arrays of one ``alias`` group (not "")
    share ``data`` in the tensor they came from.
    """

    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    data: bytes
    offset: int = 0
    alias: str = ""

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def numpy(self) -> np.ndarray[Any, Any]:
        """The values as a read-only NumPy view; bfloat16 and float8 are widened to a float32 copy.

        Raises: TypeError for a dtype that NumPy cannot show (quantised types).
        """
        import numpy as np  # late: opening and checking a document need no NumPy

        name = NUMPY.get(self.dtype)
        if name is not None:
            flat = np.frombuffer(self.data, dtype=name)
        elif self.dtype == "bfloat16":
            flat = (np.frombuffer(self.data, dtype="<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            raise TypeError(f"{self.dtype} has no NumPy type")
        return np.lib.stride_tricks.as_strided(
            flat[self.offset :] if flat.size else flat,
            self.shape,
            tuple(s * flat.itemsize for s in self.strides),
            writeable=False,
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = self.numpy()
        return array.astype(dtype) if dtype is not None else array

    def tolist(self) -> Any:
        """Nested lists of Python numbers (a bare number for a 0-d tensor)."""
        return self.numpy().tolist()

    def item(self) -> Any:
        """The one element as a Python number."""
        return self.numpy().item()
