"""Every curated row is walked: its targets run its examples, torch's gradients agree with its formula, its errors are errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch.autograd import gradcheck

from guigrad.engine.resolve import resolve, resolve_symbol
from guigrad.ops import table
from guigrad.ops.bind import Binding, Kind, bind, kind_of
from guigrad.ops.search import search
from guigrad.ops.spec import REQUIRED, OpSpec
from tests.ops.derivatives import namespace

ROWS = table.curated()
NAMES = namespace()
ERRORS = (TypeError, RuntimeError, ValueError, IndexError, NotImplementedError, AttributeError)


@contextmanager
def float64() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # tiny tensors: threads only wait for each other
    try:
        yield
    finally:
        torch.set_default_dtype(before)
        torch.set_num_threads(threads)


def evaluate(text: str) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of an example, in the test's own namespace; ``w`` is a leaf of three numbers."""
    names = NAMES | {"w": torch.randn(3, requires_grad=True), "_call": lambda *args, **kwargs: (list(args), kwargs)}
    return eval(f"_call({text})", names)  # type: ignore[no-any-return]  # the rows' own texts


def leaves(value: Any) -> Any:
    """A tensor, or every tensor of a list, as a leaf that requires grad."""
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return value.detach().clone().requires_grad_()
    return [leaves(item) for item in value] if isinstance(value, list) else value


def kind(value: Any) -> Kind:
    return kind_of(value, lambda other: "Tensor" if isinstance(other, torch.Tensor) else type(other).__name__)


def arguments(row: OpSpec, binding: Binding, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """What every parameter of the row is in this call, defaults included."""
    found: dict[str, Any] = {}
    for overload in row.overloads:
        for param in overload.params:
            default = None if param.default == REQUIRED else param.default
            found.setdefault(
                param.name.lstrip("*"), resolve_symbol(default["sym"]) if isinstance(default, dict) else default
            )
    for param in binding.overload.params:
        if param.default != REQUIRED and not isinstance(param.default, dict):
            found[param.name.lstrip("*")] = param.default
    rest: dict[str, list[Any]] = {}
    for place in binding.places:
        value = kwargs[place.where] if isinstance(place.where, str) else args[place.where]
        if place.index:
            continue
        if place.path != place.param:
            rest.setdefault(place.param, []).append(value)
        else:
            found[place.param] = value
    return found | rest


def outputs_of(result: Any) -> tuple[Any, ...]:
    return tuple(result) if isinstance(result, tuple | list) else (result,)


def tensors(args: list[Any], kwargs: Mapping[str, Any]) -> list[torch.Tensor]:
    flat: list[Any] = []
    for value in (*args, *kwargs.values()):
        flat += value if isinstance(value, list) else [value]
    return [value for value in flat if isinstance(value, torch.Tensor) and value.requires_grad]


def check_formula(row: OpSpec, target: str, text: str) -> set[str]:
    """Compares the row's formula with autograd on one example; the ports that were compared."""
    args, kwargs = evaluate(text)
    binding = bind(row, [kind(arg) for arg in args], {name: kind(value) for name, value in kwargs.items()})
    assert binding.problem == "", (target, text)
    for place in binding.places:
        if place.param in row.vjp and not place.index:
            held: Any = kwargs if isinstance(place.where, str) else args
            held[place.where] = leaves(held[place.where])
    function = resolve(target)
    torch.manual_seed(1)
    outputs = outputs_of(function(*args, **kwargs))
    differentiable = [out for out in outputs if isinstance(out, torch.Tensor) and out.requires_grad]
    inputs = tensors(args, kwargs)
    upstream = [torch.randn_like(out) for out in differentiable]
    if differentiable:
        given = torch.autograd.grad(differentiable, inputs, upstream, allow_unused=True)
    else:
        given = (None,) * len(inputs)
    expected = {id(leaf): torch.zeros_like(leaf) if g is None else g for leaf, g in zip(inputs, given, strict=True)}
    values = arguments(row, binding, args, kwargs)
    with torch.no_grad():
        first = upstream[0] if upstream else torch.randn_like(outputs[0])
        names = NAMES | values | {"g": first, "out": outputs[0], "outputs": outputs}
        for port, formula in row.vjp.items():
            made = eval(formula, dict(names))
            at = values[port]
            pairs = list(zip(at, made, strict=True)) if isinstance(at, list) else [(at, made)]
            for leaf, gradient in pairs:
                if isinstance(leaf, torch.Tensor) and leaf.requires_grad:
                    torch.testing.assert_close(
                        gradient * torch.ones_like(leaf),
                        expected[id(leaf)],
                    )
    if "rand" in text and differentiable and "symmetric" not in text:  # eigvalsh reads one triangle only

        def again(*given: torch.Tensor) -> Any:
            torch.manual_seed(1)
            swap = dict(zip(map(id, inputs), given, strict=True))
            fresh = [
                [swap.get(id(v), v) for v in arg] if isinstance(arg, list) else swap.get(id(arg), arg) for arg in args
            ]
            made = outputs_of(function(*fresh, **{name: swap.get(id(v), v) for name, v in kwargs.items()}))
            return tuple(out for out in made if isinstance(out, torch.Tensor) and out.is_floating_point())

        assert gradcheck(again, inputs, fast_mode=sum(leaf.numel() for leaf in inputs) > 40)
    compared = {
        port
        for port in row.vjp
        if any(isinstance(v, torch.Tensor) and v.requires_grad for v in _flat(values.get(port)))
    }
    assert compared, (target, text)
    return compared


def _flat(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.filterwarnings("ignore:Using a target size")  # some losses warn before they fail
@pytest.mark.parametrize("front", ROWS, ids=lambda row: row.key)
def test_curated_row(front: OpSpec) -> None:
    assert front.about.endswith(".")
    assert front.family in table.FAMILIES
    assert front.glyph
    assert front.examples
    assert bool(front.vjp) == bool(front.tex)
    with float64():
        for target in front.targets:
            row = table.find(target)
            assert row is not None, target
            assert row.front
            assert row.overloads
            function = resolve(target)
            compared: set[str] = set()
            for example in front.examples:
                if row.vjp:
                    compared |= check_formula(row, target, example.call)
                else:
                    args, kwargs = evaluate(example.call)
                    function(*args, **kwargs)
            assert compared == set(row.vjp), target
            for error in front.errors:
                args, kwargs = evaluate(error.call)
                with pytest.raises(ERRORS):
                    function(*args, **kwargs)


def test_there_are_enough_and_no_doubles() -> None:
    assert len(ROWS) >= 130
    assert len({row.key for row in ROWS}) == len(ROWS)
    targets = [target for row in ROWS for target in row.targets]
    assert len(set(targets)) == len(targets)
    assert sum(bool(row.vjp) for row in ROWS) >= 100
    assert sum(bool(row.errors) for row in ROWS) >= 125


def test_the_palette_has_its_families_in_order() -> None:
    palette = dict(table.families())
    assert list(palette) == [family for family in table.FAMILIES if family in palette]
    assert [row.key for row in palette["math"]][:9] == [
        "add",
        "sub",
        "mul",
        "div",
        "pow",
        "matmul",
        "exp",
        "log",
        "tanh",
    ]
    assert [row.key for row in palette["reduce"]][:5] == ["sum", "mean", "max", "min", "norm"]
    assert [row.key for row in palette["network"]][:5] == ["linear", "conv2d", "relu", "softmax", "layer_norm"]
    assert [row.key for row in palette["loss"]][:3] == ["mse_loss", "cross_entropy", "nll_loss"]
    assert all(row.overloads for rows in palette.values() for row in rows)


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("plus", "add"), ("+", "add"), ("@", "matmul"), ("const num", "literal"), ("times", "mul"), ("average", "mean"), ("softm", "softmax"),
        ("**", "pow"), ("mse", "mse_loss"), ("F.relu", "relu"), ("torch.nn.functional.relu", "relu"), ("MATMUL", "matmul"), ("sigma", "sum"), ("minus", "sub"),
        ("seed", "manual_seed"), ("cross entropy", "cross_entropy"), ("step", "optimizer.step"), ("slice", "getitem"), ("dense", "linear"), ("inv", "inv"), ("Tensor.mean", "mean"), ("lstsq", "linalg.lstsq"),
    ],
)  # fmt: skip
def test_search(query: str, key: str) -> None:
    assert search(query, 5)[0].key == key
