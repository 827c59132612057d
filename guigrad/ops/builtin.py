"""Rows of the Python side: operators, literals, built-in functions, math, the methods and attributes of plain objects.

Effects are "" (none), "in-place" (changes its first argument's values), "mutate" (changes a plain object), "assign", "backward",
"grad", "leave", "retain", "requires_grad", "print", "assert", "seed", "setting", "step" and "zero".
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from msgspec import structs

from guigrad.ops.objects import MATH, MATH_UNARY, OBJECTS
from guigrad.ops.signature import rows
from guigrad.ops.spec import OpSpec

_OPERATORS = """
operator.add(self, other) -> any # a + b.
operator.sub(self, other) -> any # a - b.
operator.mul(self, other) -> any # a * b, element by element.
operator.truediv(self, other) -> any # a / b.
operator.floordiv(self, other) -> any # a // b, rounded down.
operator.mod(self, other) -> any # a % b, the remainder; with a string on the left, its % formatting.
operator.pow(self, exponent) -> any # a ** b.
operator.matmul(self, other) -> Tensor # a @ b, the matrix product.
operator.and_(self, other) -> any # a & b, bit by bit.
operator.or_(self, other) -> any # a | b, bit by bit.
operator.xor(self, other) -> any # a ^ b, bit by bit.
operator.lshift(self, other) -> any # a << b.
operator.rshift(self, other) -> any # a >> b.
operator.neg(self) -> any # -a.
operator.pos(self) -> any # +a.
operator.invert(self) -> any # ~a.
operator.not_(self) -> bool # not a.
operator.lt(self, other) -> any # a < b.
operator.le(self, other) -> any # a <= b.
operator.gt(self, other) -> any # a > b.
operator.ge(self, other) -> any # a >= b.
operator.eq(self, other) -> any # a == b.
operator.ne(self, other) -> any # a != b.
operator.is_(self, other) -> bool # a is b.
operator.is_not(self, other) -> bool # a is not b.
operator.contains(self, other) -> bool # b in a.
operator.not_contains(self, other) -> bool # b not in a.
operator.getitem(self, index) -> any # a[index].
operator.setitem(self, index, value) -> any ! in-place # a[index] = value.
"""

_IN_PLACE = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift")

SIGNS: Final[Mapping[str, str]] = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "matmul": "@",
    "and_": "&", "or_": "|", "xor": "^", "lshift": "<<", "rshift": ">>", "neg": "-", "pos": "+", "invert": "~", "not_": "not",
    "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=", "is_": "is", "is_not": "is not",
}  # fmt: skip
"""How Python writes the operators between (or before) their operands."""

_PYTHON = """
python.literal(value) -> any # A number, text, truth value or None.
python.alias(value) -> any # A second name for the same object.
python.tuple(*items) -> tuple # (a, b).
python.list(*items) -> list # [a, b].
python.dict(*items) -> dict # {key: value}.
python.fstring(*parts) -> str # A text with values inside.
python.and(*values) -> any # The first value that is false, else the last.
python.or(*values) -> any # The first value that is true, else the last.
python.ifelse(test, body, orelse) -> any # body if test else orelse.
python.print(*values, sep: str? = None, end: str? = None) -> None ! print # Prints the values as Python does.
python.assert(test, message = None) -> None ! assert # Stops the program when the test is false.
python.break() -> None ! leave # Leaves the loop.
python.continue() -> None ! leave # Goes on with the next round of the loop.
python.carry(value = None) -> any # A name that a loop or branch re-binds.
python.loop_var() -> any # The variable of a loop.
python.unpack(value) -> any # a, b = value.
python.param(value = None) -> any # A parameter of a function, with its default.
python.return(value = None) -> None ! return # What a function gives.
python.closure(value) -> function # A function without parameters that an optimizer's step calls; value is what it gives.
tensor.data(data, *, requires_grad: bool = False) -> Tensor # A tensor that holds exactly these bits.
"""

_BUILTINS = """
builtins.len(obj) -> int # How many items.
builtins.int(x = 0) -> int # A whole number.
builtins.int(x, base: int) -> int
builtins.float(x = 0.0) -> float # A Python float.
builtins.bool(x = False) -> bool # True or False.
builtins.complex(real = 0, imag = 0) -> complex # A Python complex number.
builtins.str(object = '') -> str # The text that print would show.
builtins.abs(x) -> any # The absolute value.
builtins.min(*values) -> any # The smallest.
builtins.max(*values) -> any # The largest.
builtins.sum(iterable, start = 0) -> any # Adds the items one by one.
builtins.round(number, ndigits: int? = None) -> any # Rounded to a number of digits.
builtins.pow(self, exponent) -> any # a ** b.
builtins.divmod(a, b) -> tuple # Quotient and remainder.
builtins.range(stop: int) -> range # Whole numbers from 0.
builtins.range(start: int, stop: int, step: int = 1) -> range
builtins.tuple(iterable = None) -> tuple # The items as a tuple.
builtins.list(iterable = None) -> list # The items as a list.
builtins.dict(iterable = None) -> dict # The pairs as a dict.
builtins.enumerate(iterable, start: int = 0) -> list # Items with their number.
builtins.zip(*iterables, strict: bool = False) -> list # Items side by side.
builtins.sorted(iterable, *, reverse: bool = False) -> list # The items in order.
builtins.reversed(sequence) -> list # The items from last to first.
builtins.any(iterable) -> bool # Whether one item is true.
builtins.all(iterable) -> bool # Whether every item is true.
builtins.isinstance(obj, class_or_tuple) -> bool # Whether it is of this type.
builtins.type(object) -> type # The type.
builtins.repr(obj) -> str # The text of a value as a display shows it.
builtins.id(obj) -> int # The identity of an object.
builtins.slice(start, stop = None, step = None) -> slice # start:stop:step.
builtins.hash(obj) -> int # The hash of a value.
builtins.bin(number: int) -> str # The binary digits.
builtins.hex(number: int) -> str # The hexadecimal digits.
builtins.ord(c: str) -> int # The code of a character.
builtins.chr(i: int) -> str # The character of a code.
"""

OWNERS: Final = frozenset(
    [
        "list",
        "tuple",
        "str",
        "dict",
        "Size",
        "int",
        "float",
        "complex",
        "range",
        "slice",
        "Generator",
        "dtype",
        "device",
        "finfo",
        "iinfo",
        "grad_fn",
        "type",
        "optimizer",
        "scheduler",
    ]
)
"""Words for the plain objects whose methods and attributes have rows of their own: ``list.append``, ``optimizer.step``."""

ATTRIBUTES: Final[Mapping[str, Mapping[str, str]]] = {
    "Tensor": {
        **dict.fromkeys(("T", "mT", "H", "mH", "real", "imag", "data"), "Tensor"),
        "grad": "Tensor?",
        "grad_fn": "grad_fn",
        "shape": "Size",
        "dtype": "dtype",
        "device": "device",
        "layout": "layout",
        **dict.fromkeys(("ndim", "itemsize", "nbytes", "_version", "output_nr"), "int"),
        **dict.fromkeys(
            ("is_leaf", "requires_grad", "retains_grad", "is_cuda", "is_cpu", "is_meta", "is_mps", "is_xpu"), "bool"
        ),
        **dict.fromkeys(("is_sparse", "is_sparse_csr", "is_quantized", "is_nested"), "bool"),
        "name": "str",
        "_base": "Tensor?",
    },
    "grad_fn": {"next_functions": "tuple", "metadata": "dict", "variable": "Tensor", "requires_grad": "bool"},
    "device": {"type": "str", "index": "int"},
    "dtype": {"is_floating_point": "bool", "is_complex": "bool", "is_signed": "bool", "itemsize": "int"},
    "finfo": {
        **dict.fromkeys(("eps", "max", "min", "tiny", "smallest_normal", "resolution"), "float"),
        "bits": "int",
        "dtype": "str",
    },
    "iinfo": {"max": "int", "min": "int", "bits": "int", "dtype": "str"},
    "Generator": {"device": "device"},
    "int": {"real": "int", "imag": "int", "numerator": "int", "denominator": "int"},
    "float": {"real": "float", "imag": "float"},
    "complex": {"real": "float", "imag": "float"},
    "range": {"start": "int", "stop": "int", "step": "int"},
    "slice": {"start": "any", "stop": "any", "step": "any"},
    "type": {"__name__": "str"},
    "optimizer": {"param_groups": "list", "state": "dict", "defaults": "dict"},
    "scheduler": {"last_epoch": "int", "base_lrs": "list", "optimizer": "optimizer"},
}
"""What may be read of each kind of object with a dot, and the type word of what comes."""

ASSIGNABLE: Final = ("grad", "requires_grad", "data")
"""Attributes of a tensor that a program may set."""

FIELDS: Final = frozenset(
    [
        "values",
        "indices",
        "sign",
        "logabsdet",
        "eigenvalues",
        "eigenvectors",
        "U",
        "S",
        "V",
        "Vh",
        "Q",
        "R",
        "L",
        "LU",
        "P",
        "pivots",
        "info",
        "solution",
        "residuals",
        "rank",
        "singular_values",
        "mantissa",
        "exponent",
        "hist",
        "bin_edges",
        "min",
        "max",
        "mode",
        "count",
        "cloned_coefficient",
        "a",
        "tau",
        "LD",
    ]
)
"""Fields of torch's named tuples (``x.max(0).values``)."""

SYMBOLS: Final = frozenset(
    [f"torch.{name}" for name in ["float16", "float32", "float64", "bfloat16", "half", "float", "double", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "short", "int", "long", "bool", "complex32", "complex64", "complex128", "chalf", "cfloat", "cdouble", "float8_e4m3fn", "float8_e5m2", "strided", "sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc", "contiguous_format", "channels_last", "channels_last_3d", "preserve_format", "pi", "e", "inf", "nan", "newaxis", "Tensor", "Size", "dtype", "device", "Generator", "FloatTensor", "DoubleTensor", "LongTensor", "IntTensor", "BoolTensor", "__version__", "per_tensor_affine", "per_channel_affine", "quint8", "qint8", "qint32", "float8_e4m3fnuz", "float8_e5m2fnuz", "layout", "memory_format", "nn.Parameter"]]
    + [f"math.{name}" for name in ("pi", "e", "tau", "inf", "nan")]
    + [f"builtins.{name}" for name in ("int", "float", "bool", "complex", "str", "list", "tuple", "dict", "range", "slice", "type")]
)  # fmt: skip
"""Constants known by their dotted name (``Sym``)."""

_TORCH = """
torch.tensor(data, *, dtype: dtype? = None, device: device? = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor # A tensor made of numbers.
torch.as_tensor(data, dtype: dtype? = None, device: device? = None) -> Tensor # A tensor of the data, shared where that is possible.
torch.asarray(obj, *, dtype: dtype? = None, device: device? = None, copy: bool? = None, requires_grad: bool = False) -> Tensor # A tensor of the data.
torch.nn.Parameter(data: Tensor = None, requires_grad: bool = True) -> Tensor # A leaf that requires grad.
torch.autograd.grad(outputs: Tensor|Tensor[], inputs: Tensor|Tensor[], grad_outputs: Tensor?|Tensor?[] = None, retain_graph: bool? = None, create_graph: bool = False, allow_unused: bool? = None, is_grads_batched: bool = False, materialize_grads: bool = False) -> tuple ! grad # Gradients of outputs with respect to inputs, nothing accumulated.
torch.autograd.backward(tensors: Tensor|Tensor[], grad_tensors: Tensor?|Tensor?[] = None, retain_graph: bool? = None, create_graph: bool = False, inputs: Tensor?|Tensor[]? = None) -> None ! backward # Accumulates the gradients of tensors into the leaves.
torch.manual_seed(seed: int) -> Generator ! seed # Starts every random number generator at a seed.
torch.random.manual_seed(seed: int) -> Generator ! seed # Starts every random number generator at a seed.
torch.cuda.manual_seed(seed: int) -> None ! seed # Starts the current CUDA device's generator at a seed.
torch.cuda.manual_seed_all(seed: int) -> None ! seed # Starts every CUDA device's generator at a seed.
torch.seed() -> int ! seed # Takes a seed from the system.
torch.initial_seed() -> int # The seed that was given.
torch.get_rng_state() -> Tensor # The state of the random number generator as bytes.
torch.set_rng_state(new_state: Tensor) -> None ! seed # Takes a state of the random number generator back.
torch.set_printoptions(precision: int? = None, threshold: int? = None, edgeitems: int? = None, linewidth: int? = None, profile: str? = None, sci_mode: bool? = None) -> None ! setting # How print shows tensors.
torch.set_default_dtype(d: dtype) -> None ! setting # The dtype of new floating point tensors.
torch.set_default_device(device: device?) -> None ! setting # Where new tensors are made.
torch.set_grad_enabled(mode: bool) -> any ! setting # Turns recording for autograd on or off.
torch.use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None ! setting # Only algorithms that give the same bits each time.
torch.get_default_dtype() -> dtype # The dtype of new floating point tensors.
torch.get_default_device() -> device # Where new tensors are made.
torch.is_grad_enabled() -> bool # Whether operations are recorded for autograd.
torch.is_inference_mode_enabled() -> bool # Whether inference mode is on.
torch.is_tensor(obj) -> bool # Whether it is a tensor.
torch.is_storage(obj) -> bool # Whether it is a storage.
torch.promote_types(type1: dtype, type2: dtype) -> dtype # The smallest dtype that holds both.
torch.can_cast(from_: dtype, to: dtype) -> bool # Whether one dtype may become another.
torch.result_type(tensor1, tensor2) -> dtype # The dtype of an operation on the two.
torch.finfo(type: dtype? = None) -> finfo # Limits of a floating point dtype.
torch.iinfo(type: dtype) -> iinfo # Limits of an integer dtype.
torch.Size(iterable = None) -> Size # A shape.
torch.device(type: str|device|int, index: int = 0) -> device # Where a tensor lives.
torch.Generator(device: device = 'cpu') -> Generator # A random number generator of its own.
torch.broadcast_shapes(*shapes) -> Size # The shape that shapes broadcast to.
torch.get_num_threads() -> int # How many threads an operation uses.
torch.typename(obj) -> str # The name of a value's type.
torch.cuda.is_available() -> bool # Whether a CUDA device can be used.
torch.cuda.device_count() -> int # How many CUDA devices there are.
torch.cuda.synchronize(device: device? = None) -> None ! setting # Waits for a CUDA device.
torch.backends.mps.is_available() -> bool # Whether Apple's device can be used.
torch.xpu.is_available() -> bool # Whether an Intel device can be used.
torch.nn.utils.clip_grad_norm_(parameters: Tensor[]|Tensor|any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool? = None) -> Tensor ! assign # Scales the gradients down to a largest norm.
torch.nn.utils.clip_grad_value_(parameters: Tensor[]|Tensor|any, clip_value: float, foreach: bool? = None) -> None ! assign # Cuts the gradients at a largest value.
torch.nn.utils.parameters_to_vector(parameters: Tensor[]|any) -> Tensor # All parameters as one vector.
torch.Tensor.backward(self: Tensor, gradient: Tensor? = None, retain_graph: bool? = None, create_graph: bool = False, inputs: Tensor?|Tensor[]? = None) -> None ! backward # Accumulates the gradient of this tensor into the leaves.
torch.Tensor.retain_grad(self: Tensor) -> None ! retain # Keeps the gradient of a tensor that is not a leaf.
torch.Tensor.requires_grad_(self: Tensor, requires_grad: bool = True) -> Tensor ! requires_grad # Whether autograd records operations on this tensor.
torch.Tensor.tolist(self: Tensor) -> any # The numbers as Python lists.
torch.Tensor.item(self: Tensor) -> Scalar # The only number as a Python number.
torch.Tensor.numel(self: Tensor) -> int # How many elements.
torch.Tensor.nelement(self: Tensor) -> int # How many elements.
torch.Tensor.ndimension(self: Tensor) -> int # How many dimensions.
torch.Tensor.dim(self: Tensor) -> int # How many dimensions.
torch.Tensor.size(self: Tensor) -> Size # The shape.
torch.Tensor.size(self: Tensor, dim: int) -> int
torch.Tensor.stride(self: Tensor) -> tuple # Steps in storage along each dimension.
torch.Tensor.stride(self: Tensor, dim: int) -> int
torch.Tensor.type(self: Tensor) -> str # The tensor's type.
torch.Tensor.type(self: Tensor, dtype: str|dtype|type, non_blocking: bool = False) -> Tensor
torch.Tensor.new_tensor(self: Tensor, data, *, dtype: dtype? = None, device: device? = None, requires_grad: bool = False) -> Tensor # A tensor of the data with this tensor's dtype and device.
torch.nn.init.calculate_gain(nonlinearity: str, param: any = None) -> float # The recommended gain of a nonlinearity.
torch.numel(self: Tensor) -> int # How many elements.
torch.Tensor(*data) -> Tensor # A float tensor of numbers, or of a size and unset.
torch.FloatTensor(*data) -> Tensor # A float32 tensor of numbers, or of a size and unset.
torch.DoubleTensor(*data) -> Tensor # A float64 tensor of numbers, or of a size and unset.
torch.LongTensor(*data) -> Tensor # An int64 tensor of numbers, or of a size and unset.
torch.IntTensor(*data) -> Tensor # An int32 tensor of numbers, or of a size and unset.
torch.BoolTensor(*data) -> Tensor # A bool tensor of truth values, or of a size and unset.
"""


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@cache
def builtin_rows() -> tuple[OpSpec, ...]:
    """Every row of the Python side, attributes included."""
    in_place = "".join(
        f"operator.i{name}(self, {'exponent' if name == 'pow' else 'other'}) -> any ! in-place # In place: the same tensor, changed.\n"
        f"setitem.i{name}(self, index, value) -> any ! in-place # In place on a part of a tensor.\n"
        f"setattr.data.i{name}(self, value) -> Tensor ! in-place # In place, past autograd.\n"
        f"setattr.grad.i{name}(self, value) -> Tensor ! assign # In place on the gradient.\n"
        for name in _IN_PLACE
    )
    assigned = "".join(f"setattr.{name}(self, value) -> Tensor ! assign # x.{name} = value.\n" for name in ASSIGNABLE)
    math_rows = "".join(f"math.{name}(x) -> float # math.{name} of a number.\n" for name in _names(MATH_UNARY))
    attributes = "".join(
        f"{'torch.Tensor' if owner == 'Tensor' else owner}.{name}(self: {owner}) -> {word} # The attribute {name}.\n"
        for owner, names in ATTRIBUTES.items()
        for name, word in names.items()
    ) + "".join(f"field.{name}(self) -> any # The field {name} of a result.\n" for name in sorted(FIELDS))
    blocks = (
        ("operators", _OPERATORS + in_place),
        ("python", _PYTHON + assigned + _BUILTINS + MATH + math_rows + OBJECTS),
        ("attribute", attributes),
        ("torch", _TORCH),
    )
    return tuple(_signed(row) for family, text in blocks for row in rows(text, family))


def _signed(row: OpSpec) -> OpSpec:
    owner, _, name = row.targets[0].rpartition(".")
    sign = SIGNS.get(name, "") if owner == "operator" else ""
    if owner == "operator" and name[:1] == "i" and name[1:] in _IN_PLACE:
        sign = SIGNS.get(name[1:], SIGNS.get(f"{name[1:]}_", "")) + "="
    return structs.replace(row, infix=sign) if sign else row
