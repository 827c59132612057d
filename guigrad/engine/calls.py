"""One call of torch as a document."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch

from guigrad.document.model import DictOf, Document, Effect, Eval, In, Item, ListOf, Node, Slice, Sym, Value
from guigrad.document.problem import Problem, ProblemError
from guigrad.engine.effects import changes
from guigrad.engine.resolve import resolve
from guigrad.engine.values import array_of, dtype_name
from guigrad.ops import table


def call(target: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Document:
    """The document of ``target(*args, **kwargs)``.

    Every tensor among the arguments, through lists, tuples and dicts, is a leaf x0, x1, … holding exactly that value; everything else is a
    parameter. The result is ``out``. ``target`` is a dotted name or the public callable itself.

    Raises: ProblemError when the target is not in the catalogue or an argument cannot stand in a document.
    """
    op = target if isinstance(target, str) else name_of(target)
    swapped = False
    if op == "torch.Tensor.__rsub__" and isinstance(args[-1], torch.Tensor):
        op = "torch.rsub"  # what torch does for two tensors; grad_fn tells it from a swapped sub
    elif (special := operator_of(op)) is not None:
        op, swapped = special
    try:
        resolve(op)
    except LookupError as error:
        raise ProblemError((Problem(str(error), "unknown op"),)) from None
    leaves = Leaves()
    if op == "operator.truediv" and swapped and len(args) == 2 and not kwargs and isinstance(args[-1], torch.Tensor):
        return _reflected_division(*args)
    template = tuple(leaves.value(argument) for argument in args)
    template = template[::-1] if swapped else template
    named = tuple((name, leaves.value(argument)) for name, argument in kwargs.items())
    out = Node(f"n{len(leaves.nodes) + 1}", op, template, named, "out")
    items: list[Item] = [Eval(node.id) for node in leaves.nodes]
    items.append(Effect(out.id) if _acts(out) else Eval(out.id))
    return Document(nodes={node.id: node for node in (*leaves.nodes, out)}, program=tuple(items))


def _reflected_division(divisor: Any, dividend: torch.Tensor) -> Document:
    """``divisor.__rdiv__(dividend)`` of two tensors, which torch computes by the reciprocal: its last bit may be another than a quotient's."""
    leaves = Leaves()
    below, above = leaves.value(divisor), leaves.value(dividend)
    inverse = Node(f"n{len(leaves.nodes) + 1}", "torch.Tensor.reciprocal", (below,), (), None)
    out = Node(f"n{len(leaves.nodes) + 2}", "operator.mul", (In(inverse.id), above), (), "out")
    nodes = (*leaves.nodes, inverse, out)
    return Document(nodes={node.id: node for node in nodes}, program=tuple(Eval(node.id) for node in nodes))


def _acts(node: Node) -> bool:
    return changes(node) or bool(table.effect_of(node.op))


def name_of(target: Callable[..., Any]) -> str:
    """The dotted name under which a callable is public.

    Raises: ProblemError when it has none in the catalogue.
    """
    names = _names()
    try:
        found = names.get(target)
    except TypeError:
        found = None
    if found is None and getattr(torch.Tensor, getattr(target, "__name__", ""), None) is target:
        found = f"torch.Tensor.{target.__name__}"
    if found is None:
        shown = getattr(target, "__qualname__", None) or repr(target)
        raise ProblemError((Problem(f"{shown} is not an operation that guigrad knows", "unknown op"),))
    return found


def operator_of(op: str) -> tuple[str, bool] | None:
    """The operator behind ``torch.Tensor.__add__`` and its kin, and whether it is the reflected form (``__radd__``)."""
    bare = op.removeprefix("torch.Tensor.__").removesuffix("__")
    if f"torch.Tensor.__{bare}__" != op:
        return None
    if bare == "len":
        return "builtins.len", False
    for name, swapped in ((bare, False), (bare[1:], bare.startswith("r"))):
        name = {"div": "truediv", "idiv": "itruediv", "and": "and_", "or": "or_"}.get(name, name)
        if table.find(f"operator.{name}") is not None:
            return f"operator.{name}", swapped
    return None


_NAMES: dict[Any, str] = {}


def _names() -> dict[Any, str]:
    """The names of every callable on the allow-list; of several names of one callable the shortest."""
    if not _NAMES:
        for row in table.all_rows():
            for op in row.targets:
                if op.startswith(("torch.", "operator.", "math.", "builtins.")):
                    try:
                        found = resolve(op)
                        known = _NAMES.get(found)
                    except (LookupError, TypeError):
                        continue
                    if known is None or (len(op), op) < (len(known), known):
                        _NAMES[found] = op
    return _NAMES


class Values(ABC):
    """Live arguments as Values."""

    def value(self, argument: Any) -> Value:
        match argument:
            case torch.Tensor():
                return self.tensor(argument)
            case torch.Size():
                return tuple(int(size) for size in argument)
            case None | bool() | int() | float() | complex() | str():
                return _number(argument)
            case tuple():
                return tuple(self.value(item) for item in argument)
            case list():
                return ListOf(tuple(self.value(item) for item in argument))
            case dict():
                return DictOf(tuple((self.value(key), self.value(item)) for key, item in argument.items()))
            case slice():
                return Slice(self.value(argument.start), self.value(argument.stop), self.value(argument.step))
            case torch.dtype() | torch.layout() | torch.memory_format():
                return Sym(str(argument))
            case torch.device():
                return str(argument)
            case _ if argument is ...:
                return ...
            case _ if isinstance(argument, type) and argument in (int, float, bool, complex):
                return Sym(f"builtins.{argument.__name__}")
        raise ProblemError(
            (Problem(f"an argument of type {type(argument).__name__} cannot stand in a document", "type"),)
        )

    @abstractmethod
    def tensor(self, tensor: torch.Tensor) -> In:
        """The wire that a tensor stands for."""


class Leaves(Values):
    """Arguments become Values, and the tensors among them leaves."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._known: dict[int, In] = {}

    def tensor(self, tensor: torch.Tensor) -> In:
        """The leaf of a tensor, one for each object."""
        if id(tensor) not in self._known:
            node = leaf_node(f"n{len(self.nodes) + 1}", f"x{len(self.nodes)}", tensor)
            self.nodes.append(node)
            self._known[id(tensor)] = In(node.id)
        return self._known[id(tensor)]


def _number(value: Any) -> Value:
    """Plain numbers as they are, subclasses (IntEnum, numpy.float64) as what they stand for."""
    kinds: tuple[Callable[[Any], Value], ...] = (int, float, complex, str)
    for kind in kinds:
        if type(value) is not bool and type(value) is not kind and isinstance(value, kind):  # type: ignore[arg-type]  # they are types
            return kind(value)
    plain: Value = value
    return plain


def leaf_node(key: str, name: str | None, tensor: torch.Tensor) -> Node:
    """A leaf with a tensor's value: ``torch.tensor([...])`` where that gives the same bits, strides and dtype, else ``tensor.data``.

    Raises: ProblemError for a tensor without strided bits, or with too many to copy.
    """
    flags: tuple[tuple[str, Value], ...] = (("requires_grad", True),) if tensor.requires_grad else ()
    if tensor.numel() <= 256 and tensor.layout is torch.strided and tensor.device.type == "cpu":
        node = _written(key, name, tensor, flags)
        if node is not None:
            return node
    array = array_of(tensor)
    if array is None:
        what = f"a {str(tensor.layout).removeprefix('torch.')} tensor of {dtype_name(tensor.dtype)} on {tensor.device}"
        raise ProblemError((Problem(f"{what} cannot be a leaf of a document", "type"),))
    return Node(key, "tensor.data", (array,), flags, name)


def _written(key: str, name: str | None, tensor: torch.Tensor, flags: tuple[tuple[str, Value], ...]) -> Node | None:
    try:
        listed = _shortest(tensor.detach())
        dtype = None if tensor.dtype in (torch.float32, torch.int64, torch.bool) else tensor.dtype
        if dtype is None and tensor.numel() == 0 and tensor.dtype is not torch.float32:
            dtype = tensor.dtype
        again = torch.tensor(listed, dtype=dtype, device="cpu")
    except (RuntimeError, TypeError, ValueError, OverflowError):
        return None
    if again.dtype != tensor.dtype or again.stride() != tensor.stride() or again.shape != tensor.shape:
        return None
    if array_of(again) != array_of(tensor):
        return None
    given: tuple[tuple[str, Value], ...] = () if dtype is None else (("dtype", Sym(str(dtype))),)
    return Node(key, "torch.tensor", (_listed(listed),), (*given, *flags), name)


def _shortest(tensor: torch.Tensor) -> Any:
    """Nested lists of numbers that read back to the same bits, 0.1 rather than the 0.10000000149011612 that the float32 nearest to it is."""
    if tensor.dtype in (torch.float32, torch.float16):
        texts = tensor.numpy().astype(str)
        return texts.astype("float64").tolist()
    return tensor.tolist()


def _listed(value: Any) -> Value:
    if isinstance(value, list):
        return ListOf(tuple(_listed(item) for item in value))
    result: Value = value
    return result
