"""The arguments a node gets when it is dropped on the canvas: from its row's example, so that it works at once."""

from __future__ import annotations

import ast

from guigrad.document.binding import default_of, is_required
from guigrad.document.model import In, ListOf, Node, Sym, Value
from guigrad.ops.spec import OpSpec, Param
from guigrad.ops.table import find

_BY_NAME: dict[str, Value] = {
    "size": 5, "end": 5, "start": 0, "steps": 5, "n": 3, "m": 3, "fill_value": 1.0, "data": ListOf((1.0, 2.0, 3.0)), "dim": 0,
    "dim0": 0, "dim1": 1, "dims": (0, 1), "shape": (1, -1), "high": 10, "low": 0, "seed": 0, "kernel_size": 2, "k": 1, "p": 2,
    "index": 0, "exponent": 2, "lr": 0.1, "num_classes": -1, "length": 1, "std": 1.0, "mean": 0.0, "equation": "i->",
    "normalized_shape": (3,), "value": 1.0,
}  # fmt: skip
_BY_TYPE: dict[str, Value] = {
    "int": 1,
    "float": 1.0,
    "Scalar": 1.0,
    "bool": False,
    "str": "",
    "complex": 1j,
    "dtype": Sym("torch.float32"),
}


def default_node(key: str, op: str) -> Node:
    """A node of an op with open ports for its tensors and sensible values for everything else that it needs."""
    spec = find(op)
    if spec is None:
        return Node(key, op, (In(),))
    return _from_example(key, op, spec) or _from_params(key, op, spec)


def _from_params(key: str, op: str, spec: OpSpec) -> Node:
    args: list[Value] = []
    kwargs: list[tuple[str, Value]] = []
    for param in spec.overloads[0].params if spec.overloads else ():
        if not is_required(param) or param.name.startswith("*"):
            continue
        value = _value(param, op)
        if param.keyword_only:
            kwargs.append((param.name, value))
        else:
            args.append(value)
    return Node(key, op, tuple(args), tuple(kwargs))


def _value(param: Param, op: str) -> Value:
    if param.is_list:
        return ListOf((In(), In()))
    if param.type.startswith("Tensor"):
        return In()
    if op.startswith(("operator.", "setitem.", "setattr.")) and param.name != "index":
        return In()
    if param.name in _BY_NAME:
        return _BY_NAME[param.name]
    word = param.type.removesuffix("?")
    if "[" in word:
        return (_BY_TYPE.get(word.partition("[")[0], 1),)
    return _BY_TYPE.get(word, default_of(param))


def _from_example(key: str, op: str, spec: OpSpec) -> Node | None:
    """The literals of the row's first example; every tensor in it is an open port."""
    for example in spec.examples:
        try:
            call = ast.parse(f"f({example.call})", mode="eval").body
            if isinstance(call, ast.Call):
                args = tuple(_literal(arg) for arg in call.args)
                kwargs = tuple((word.arg, _literal(word.value)) for word in call.keywords if word.arg is not None)
                return Node(key, op, args, kwargs)
        except (SyntaxError, ValueError):
            continue
    return None


def _literal(source: ast.expr) -> Value:
    match source:
        case ast.List():
            return ListOf(tuple(_literal(item) for item in source.elts))
        case ast.Tuple():
            return tuple(_literal(item) for item in source.elts)
        case ast.Attribute(value=ast.Name(id="torch"), attr=attr):
            return Sym(f"torch.{attr}")
        case ast.Call() | ast.Name() | ast.BinOp() | ast.Attribute() | ast.Subscript():
            return In()
    value: Value = ast.literal_eval(source)
    return value
