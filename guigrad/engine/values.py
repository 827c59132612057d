"""Tensors to plain records and back, bit for bit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import torch

from guigrad.document.array import NUMPY, ArrayData
from guigrad.engine.memory import SHARE, available_bytes


class _Missing:
    """What a slot holds before its node has run."""

    def __repr__(self) -> str:
        return "<not run>"


MISSING: Final = _Missing()

DTYPES: Final = {
    str(value).removeprefix("torch."): value for value in vars(torch).values() if isinstance(value, torch.dtype)
}
"""torch's dtypes by the names that ArrayData uses."""

_NAMES: Final = {value: str(value).removeprefix("torch.") for value in DTYPES.values()}
_NUMPY_DTYPES: Final = frozenset(DTYPES[name] for name in NUMPY)


_NUMBERS: Final = frozenset((torch.float32, torch.float64))

_NUMPY_DIMENSIONS: Final = 32
"""NumPy 1 knows no more; NumPy 2 knows 64, torch any number."""

_LARGE: Final = 1 << 24
"""From so many elements on it is asked first whether a copy has room."""


def is_leaf(tensor: torch.Tensor) -> bool:
    """Whether autograd sees a leaf; a view whose history torch calls invalid (it refuses to tell) is none."""
    try:
        return tensor.is_leaf
    except RuntimeError:
        return False


def dtype_name(dtype: torch.dtype) -> str:
    """A dtype's short name: "float32"."""
    return _NAMES.get(dtype) or str(dtype).removeprefix("torch.")


def array_of(tensor: torch.Tensor, alias: str = "") -> ArrayData | None:
    """A copy of a tensor's bits with its strides; None for what has no strided bits (sparse, quantised, meta …) or no room for them."""
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_nested or tensor.device.type == "meta":
        return None
    tensor = tensor.detach()
    if tensor.device.type != "cpu":
        tensor = tensor.cpu()
    if tensor.is_conj() or tensor.is_neg():
        tensor = tensor.resolve_conj().resolve_neg()
    name = dtype_name(tensor.dtype)
    shape, strides = tuple(tensor.shape), tensor.stride()
    if tensor.numel() > _LARGE and reached(shape, strides) * tensor.element_size() > available_bytes() * SHARE:
        return None
    try:
        if tensor.dtype in _NUMPY_DTYPES and tensor.ndim <= _NUMPY_DIMENSIONS and tensor.is_contiguous():
            return ArrayData(name, shape, strides, tensor.numpy().tobytes(), 0, alias)
        reach = reached(shape, strides)
        size = tensor.element_size()
        flat = torch.empty(0, dtype=torch.uint8)
        flat.set_(tensor.untyped_storage(), tensor.storage_offset() * size, (reach * size,), (1,))
        return ArrayData(name, shape, strides, flat.numpy().tobytes(), 0, alias)
    except MemoryError:  # it is shown by its statistics, as what is too large to be sent
        return None
    except (RuntimeError, TypeError):  # wrappers without a storage (functorch, fake tensors)
        return None


def arrays_of(tensors: Sequence[torch.Tensor]) -> list[ArrayData | None]:
    """The same of many; numbers are copied together, since a call for each would take longer than all the rest."""
    found: list[ArrayData | None] = [None] * len(tensors)
    numbers: dict[torch.dtype, list[int]] = {}
    for at, tensor in enumerate(tensors):
        if (
            type(tensor) is torch.Tensor
            and not tensor.dim()
            and tensor.dtype in _NUMBERS
            and tensor.layout is torch.strided
            and tensor.is_cpu
            and not tensor.is_neg()
        ):
            numbers.setdefault(tensor.dtype, []).append(at)
        else:
            found[at] = array_of(tensor)
    for dtype, places in numbers.items():
        with torch.no_grad():
            data = torch.stack([tensors[at] for at in places]).numpy().tobytes()
        name, size = dtype_name(dtype), dtype.itemsize
        for number, at in enumerate(places):
            found[at] = ArrayData(name, (), (), data[number * size : (number + 1) * size])
    return found


def tensor_of(array: ArrayData, device: str | torch.device | None = None) -> torch.Tensor:
    """A new tensor of exactly these bits, shape and strides.

    Raises: ValueError when the record contradicts itself.
    """
    dtype = DTYPES.get(array.dtype)
    if dtype is None:
        raise ValueError(f"unknown dtype {array.dtype}")
    itemsize = dtype.itemsize
    if len(array.data) % itemsize or len(array.shape) != len(array.strides) or min(array.strides, default=0) < 0:
        raise ValueError("the bytes, shape and strides of the array do not fit together")
    if min(array.shape, default=0) < 0 or array.offset < 0:
        raise ValueError("an array's shape and offset cannot be negative")
    if (array.offset + reached(array.shape, array.strides)) * itemsize > len(array.data):
        raise ValueError("the array has fewer bytes than its shape and strides reach")
    flat = torch.empty(len(array.data) // itemsize, dtype=dtype, device="cpu")
    if array.data:
        raw = torch.frombuffer(bytearray(array.data), dtype=torch.uint8)
        flat.view(torch.uint8).copy_(raw)
    tensor = torch.as_strided(flat, array.shape, array.strides, array.offset).detach()
    return tensor if device is None or str(device) == "cpu" else tensor.to(device)


def copy_of(tensor: torch.Tensor) -> torch.Tensor:
    """A detached copy with the same strides, overlapping ones included."""
    tensor = tensor.detach()
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_nested:
        return tensor.clone()
    reach = reached(tuple(tensor.shape), tensor.stride())
    memory = tensor.as_strided((reach,), (1,), tensor.storage_offset()).clone()
    return memory.as_strided(tensor.shape, tensor.stride(), 0)


def reached(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """How many storage elements lie between the first and the last one that a shape with strides touches."""
    if math.prod(shape) == 0:
        return 0
    return 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))


def storage_key(tensor: torch.Tensor) -> int | None:
    """The same number for tensors that share memory."""
    try:
        return int(tensor.untyped_storage()._cdata)
    except RuntimeError:
        return None


def tensors_in(value: object) -> list[torch.Tensor]:
    """The tensors of a value, through tuples, lists and dicts."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, tuple | list):
        return [tensor for item in value for tensor in tensors_in(item)]
    if isinstance(value, dict):
        return [tensor for item in value.values() for tensor in tensors_in(item)]
    return []


def elements(place: str, value: object) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors of a value, through tuples and lists, with their places: "#3", "#3[0]"."""
    if isinstance(value, torch.Tensor):
        yield place, value
    elif isinstance(value, tuple | list):
        for index, item in enumerate(value):
            yield from elements(f"{place}[{index}]", item)


def bearing(key: str, value: object) -> list[tuple[str, torch.Tensor]]:
    """The tensors of a node's value that can have a gradient of their own, with their places."""
    places = {id(tensor): place for place, tensor in elements(key, value)}
    return [(places.get(id(t), key), t) for t in tensors_in(value) if is_leaf(t) or t.retains_grad]


def plain(value: object) -> Any:
    """A Python value as plain data: tensors become ArrayData, what has no plain form becomes its text."""
    if value is None or isinstance(value, bool | int | float | complex | str):
        return value
    if isinstance(value, torch.Tensor):
        return array_of(value)
    if isinstance(value, tuple | list):
        return tuple(plain(item) for item in value)
    return text_of(value)


def text_of(value: object, limit: int = 2000) -> str:
    """What ``str()`` gives, cut short; never raises."""
    try:
        text = str(value)
    except Exception as error:  # a broken __str__ must not lose the frame
        return f"<{type(value).__name__}: {type(error).__name__}>"
    return text if len(text) <= limit else text[:limit] + " …"
