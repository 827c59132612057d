"""``guigrad.trace``: the document of what a function of live tensors really calls.

Note [Tracing]
A ``TorchFunctionMode`` sees every call of torch's public interface and none of what those calls do inside, which is the level at which a
document speaks. A tensor that no recorded call made is a leaf holding its value at that moment. What Python does with the numbers it reads
from tensors (``if x.sum() > 0``, ``x.shape[0]``) leaves no trace: the document is the path that this one call took.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from guigrad.document.binding import heads
from guigrad.document.model import Document, Effect, Eval, In, Item, Node, Region, Sym, Value, same
from guigrad.document.names import short_name
from guigrad.document.problem import Problem, ProblemError
from guigrad.engine.calls import Values, leaf_node, name_of, operator_of
from guigrad.engine.effects import changes, is_in_place
from guigrad.engine.values import tensors_in
from guigrad.interop.names import Locals, names_of, unique
from guigrad.ops import table
from guigrad.ops.spec import REQUIRED

INFIX = {
    **{name: name for name in ("add", "sub", "mul", "pow", "matmul", "neg", "lt", "le", "gt", "ge", "eq", "ne")},
    "div": "truediv",
    "remainder": "mod",
}
"""Methods that ``a + b`` and its kin call: shown as the operators they most often were."""

_WRAPPED = {
    function: name
    for name, function in vars(torch.Tensor).items()
    if name.startswith("__") and isinstance(function, FunctionType) and function.__name__ != name
}
"""Operators that torch wraps under another name: ``__pow__`` calls itself "pow"."""

Call = tuple[str, tuple[Value, ...], tuple[tuple[str, Value], ...]]


def trace(function: Callable[..., Any], *inputs: Any, **keywords: Any) -> Document:
    """The runnable document of ``function(*inputs, **keywords)``, which is called once, here and now.

    Inputs are leaves named as the function names its parameters, parameters of modules by their path, intermediates by the function's own
    variables. A result without a name is ``out``, several are ``out_0``, ``out_1`` …. ``document.problems`` tells what could not be kept.
    Raises: ProblemError when the function calls no operation of torch; whatever the function itself raises.
    """
    tracer = Tracer(names_of(function, inputs, keywords))
    local = Locals(function)
    with local, tracer:
        result = function(*inputs, **keywords)
    return tracer.document(result, local.names)


class Tracer(Values, TorchFunctionMode):
    """Records calls as nodes. See Note [Tracing]."""

    def __init__(self, names: Mapping[int, str]) -> None:
        super().__init__()
        self._names = names
        self._nodes: dict[str, Node] = {}
        self._leaves: list[Item] = []
        self._items: list[tuple[Item, str]] = []
        self._keys: list[str] = []
        self._places: dict[int, tuple[In, str]] = {}
        self._parts: dict[str, int] = {}
        self._alive: list[Any] = []  # an id means its object only as long as that lives
        self._problems: dict[Problem, None] = {}
        self._seed = _fresh_seed()
        self._seeded = False

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        kept = {name: value for name, value in given.items() if not name.startswith("_")}
        call = self._call(func, args, kept)
        region = "inference_mode" if torch.is_inference_mode_enabled() else "" if torch.is_grad_enabled() else "no_grad"
        before = torch.get_rng_state() if call is not None and table.is_random(call[0]) else None
        result = func(*args, **given)
        if call is not None:
            drew = before is not None and not torch.equal(before, torch.get_rng_state())
            self._record(call, region, args, kept, result, drew)
        return result

    @property
    def keys(self) -> list[str]:
        """The ids of what has been recorded so far, leaves left out."""
        return self._keys

    # --- one call ---

    def _call(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call | None:
        """Op and arguments, read before the call changes them; None for a call that is no operation of a document."""
        try:
            op, args = _op(func, args, kwargs)
        except ProblemError:
            return None
        row = table.find(op)
        if row is None or (not _gives_tensors(op) and not row.effect):
            return None
        try:
            return op, tuple(map(self.value, args)), tuple((name, self.value(item)) for name, item in kwargs.items())
        except ProblemError as error:
            for problem in error.problems:
                self._problems[
                    Problem(
                        f"{row.key}: {problem.message}; its result is kept as a value", problem.kind, severity="warning"
                    )
                ] = None
            return None

    def tensor(self, tensor: torch.Tensor) -> In:
        """Where a tensor comes from: a recorded node, or a leaf made for it now."""
        known = self._places.get(id(tensor))
        if known is not None:
            return known[0]
        if tensor.grad_fn is not None:
            text = (
                f"A tensor of {tensor.grad_fn.name()} was made before, or by something that is no operation of torch: "
                "it is a leaf here, and no gradient goes further back."
            )
            self._problems[Problem(text, "trace", severity="warning")] = None
        node = leaf_node(self._fresh(), self._names.get(id(tensor)), tensor)
        self._nodes[node.id] = node
        self._leaves.append(Eval(node.id))
        return self._put(tensor, In(node.id), node.id)

    def _fresh(self) -> str:
        return f"n{len(self._nodes) + 1}"

    def _put(self, tensor: torch.Tensor, wire: In, place: str) -> In:
        self._alive.append(tensor)
        self._places[id(tensor)] = (wire, place)
        return wire

    def _add(self, node: Node, region: str) -> None:
        acts = changes(node) or bool(table.effect_of(node.op))
        self._nodes[node.id] = node
        self._keys.append(node.id)
        self._items.append((Effect(node.id) if acts else Eval(node.id), region))

    def _record(
        self, call: Call, region: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any, drew: bool
    ) -> None:
        node = _without_defaults(Node(self._fresh(), *call))
        found = tensors_in(result)
        if not found and not changes(node) and not table.effect_of(node.op):
            return  # a number read from a tensor: see Note [Tracing]
        if drew and not self._can_draw(node, args):
            return
        node = Node(self._fresh(), node.op, node.args, node.kwargs)
        self._add(node, region)
        self._alive.append(result)
        if isinstance(result, torch.Tensor):
            self._put(result, In(node.id), node.id)
        elif isinstance(result, tuple | list):
            self._take_apart(node.id, result, region)
        elif is_in_place(node) and isinstance(target := kwargs.get("out", args[0] if args else None), torch.Tensor):
            self._put(target, In(node.id), node.id)

    def _can_draw(self, node: Node, args: tuple[Any, ...]) -> bool:
        """Whether a node that draws is recorded; numbers that nothing can draw again are kept as values instead."""
        if self._seed is not None:
            seed = Node(self._fresh(), "torch.manual_seed", (self._seed,))
            self._nodes[seed.id] = seed
            self._leaves.append(Effect(seed.id))
            self._seed = None
            self._seeded = True
        elif not self._seeded:
            if not tensors_in(args):
                return False
            text = f"{short_name(node.op)} draws random numbers without a seed: run again, it draws others."
            self._problems[Problem(text, "random", severity="warning")] = None
        return True

    def _take_apart(self, key: str, result: tuple[Any, ...] | list[Any], region: str) -> None:
        """Tensors of a result get names as in ``a, b = …``; what lies deeper (an LSTM's ``(out, (h, c))``) is read step by step."""
        self._parts[key] = len(result)
        for at, item in enumerate(result):
            if isinstance(item, torch.Tensor):
                self._put(item, In(key, at), f"{key}[{at}]")
            elif tensors_in(item):
                self._deeper(In(key, at), item, region)

    def _deeper(self, wire: In, result: Any, region: str) -> None:
        for at, item in enumerate(result):
            node = Node(self._fresh(), "operator.getitem", (wire, at))
            if isinstance(item, torch.Tensor):
                self._add(node, region)
                self._put(item, In(node.id), node.id)
            elif tensors_in(item):
                self._add(node, region)
                self._deeper(In(node.id), item, region)

    # --- the whole ---

    def document(self, result: Any, local_names: Mapping[int, str]) -> Document:
        """What was recorded."""
        if not self._items:
            raise ProblemError((Problem("the function called no operation of torch", "trace"),))
        wanted: dict[str, str] = {}
        for identity, local in local_names.items():
            if identity in self._places:
                wanted.setdefault(self._places[identity][1], local)
        outs = [self._places[id(tensor)][1] for tensor in tensors_in(result) if id(tensor) in self._places]
        for at, place in enumerate(outs):
            wanted.setdefault(place, "out" if len(outs) == 1 else f"out_{at}")
        taken = {"torch", "F", "math"}
        nodes = {}
        for key, node in self._nodes.items():
            name = unique(node.name, taken) if node.name else None
            outputs = node.outputs
            if key in self._parts:
                short = short_name(node.op)
                outputs = tuple(
                    unique(wanted.get(f"{key}[{at}]", f"{short}_{at}"), taken) for at in range(self._parts[key])
                )
            elif name is None and key in wanted:
                name = unique(wanted[key], taken)
            nodes[key] = Node(key, node.op, node.args, node.kwargs, name, outputs)
        return Document(nodes=nodes, program=self._program(), problems=tuple(self._problems))

    def _program(self) -> tuple[Item, ...]:
        """Leaves first, and what ran without recording gradients in regions."""
        items = list(self._leaves)
        inside: list[Item] = []
        now = ""
        for item, region in (*self._items, (None, "")):
            if inside and region != now:
                items.append(Region(f"r{len(items)}", now, tuple(inside)))
                inside = []
            now = region
            if item is not None:
                (inside if region else items).append(item)
        return tuple(items)


def _op(func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """The op of a call and its arguments in the op's order.

    Raises: ProblemError for a callable that is not in the catalogue.
    """
    owner, name = getattr(func, "__self__", None), getattr(func, "__name__", "")
    if name in ("__get__", "__set__") and owner is not None:
        return f"{'torch.Tensor' if name == '__get__' else 'setattr'}.{owner.__name__}", args[:2]
    op = f"torch.Tensor.{_WRAPPED[func]}" if func in _WRAPPED else name_of(func)
    bare = op.removeprefix("torch.Tensor.")
    if bare in INFIX and bare != op and not kwargs and len(args) == (1 if bare == "neg" else 2):
        return f"operator.{INFIX[bare]}", args
    if op == "torch.Tensor.__rsub__" and isinstance(args[-1], torch.Tensor):
        return "torch.rsub", args
    special = operator_of(op)
    return (op, args) if special is None else (special[0], args[::-1] if special[1] else args)


def _gives_tensors(op: str) -> bool:
    """False for rows that can only give numbers, sizes and the like, which leave no trace."""
    row = table.find(op)
    return (
        row is None
        or not row.overloads
        or any(word.startswith("Tensor") or word == "any" for overload in row.overloads for word in overload.returns)
    )


def _without_defaults(node: Node) -> Node:
    """Without keywords that say what the op does anyway: ``F.relu(x, inplace=False)`` is how a module calls it."""
    if not node.kwargs:
        return node
    params = {head.place[0]: head.param for head in heads(node)[0] if len(head.place) == 1}
    kept = []
    for name, value in node.kwargs:
        param = params.get(name)
        if param is not None and param.default != REQUIRED:
            default = param.default
            if isinstance(default, dict) and set(default) == {"sym"}:
                default = Sym(default["sym"])
            if same(default, value):
                continue
        kept.append((name, value))
    return Node(node.id, node.op, node.args, tuple(kept), node.name, node.outputs)


def _fresh_seed() -> int | None:
    """The seed, if nothing has been drawn since: then the same numbers can be drawn again."""
    seed = torch.initial_seed()
    fresh = torch.Generator().manual_seed(seed)
    return seed if torch.equal(fresh.get_state(), torch.get_rng_state()) else None
