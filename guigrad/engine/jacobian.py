"""Jacobians, Hessians and checks of gradients, all by torch itself.

Note [Rows and columns]
Reverse mode pulls basis vectors back through the very graph that the last forward built, all at once (``torch.func.vmap``), so dropout masks
are those of the values on screen. Forward mode runs the nodes between once more on dual numbers. Rows are exact entries of J
either way; neither changes a ``.grad`` or frees the graph.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch.autograd import forward_ad

from guigrad.document.problem import Problem
from guigrad.engine.between import Between, NoFunction
from guigrad.engine.explain import explain
from guigrad.engine.memory import available_bytes
from guigrad.engine.values import MISSING, array_of, is_leaf, tensors_in
from guigrad.run.derivative import Check, Matrix

if TYPE_CHECKING:
    from guigrad.engine.play import Engine

ENTRIES = 1 << 20
"""The largest J that is computed whole; of larger ones at most SAMPLE rows and columns."""
SAMPLE = 256
make_dual: Callable[..., Any] = forward_ad.make_dual  # torch's stubs leave these two untyped
unpack_dual: Callable[..., Any] = forward_ad.unpack_dual
CHECKED = 64
"""How many entries of a leaf a check looks at."""
STEP = 1e-6
TOLERANCE = 1e-5


def jacobian(
    engine: Engine,
    of: str,
    wrt: str,
    mode: str = "reverse",
    rows: Sequence[int] | None = None,
    columns: Sequence[int] | None = None,
) -> Matrix:
    """J of one node's value by another's, or those rows (reverse) or columns (forward) of it that are asked for.

    Nothing raises: what cannot be had is told in ``problems``. Thread: the engine's.
    """
    found = _pair(engine, of, wrt)
    if isinstance(found, Problem):
        return Matrix(of, wrt, mode=mode, problems=(found,))
    output, source = found
    full = (output.numel(), source.numel())
    wanted_rows = _wanted(rows, full[0], full)
    wanted_columns = _wanted(columns, full[1], full)
    sampled = len(wanted_rows) < full[0] or len(wanted_columns) < full[1]
    basis = full[1] if mode == "forward" else full[0]
    count = len(wanted_columns) if mode == "forward" else len(wanted_rows)
    if count * max(basis, full[0], full[1]) * output.element_size() > available_bytes() // 4:
        text = f"J of {of} by {wrt} is {full[0]:,} × {full[1]:,}: too large for the memory there is, even sampled."
        return Matrix(of, wrt, full, mode=mode, problems=(Problem(text, "memory"),))
    try:
        if mode == "forward":
            values = _columns(engine, of, wrt, source, wanted_columns)[wanted_rows]
        else:
            values = _rows(engine, output, source, wanted_rows)[:, wanted_columns]
    except NoFunction as error:
        return Matrix(of, wrt, full, mode=mode, problems=(Problem(str(error), "autograd"),))
    except Exception as error:
        key = engine.names.find(of)
        problem = explain(error, key[0] if key else "", engine.document, engine.label, engine.plan.read)
        return Matrix(of, wrt, full, mode=mode, problems=(problem,))
    return Matrix(of, wrt, full, tuple(wanted_rows), tuple(wanted_columns), array_of(values), mode, basis, sampled)


def _pair(engine: Engine, of: str, wrt: str) -> tuple[torch.Tensor, torch.Tensor] | Problem:
    pair = []
    for label in (of, wrt):
        value = engine.value(label)
        if engine.names.find(label) is None:
            return Problem(f"There is no node {label!r} in this document.", "name")
        if value is MISSING:
            return Problem(f"{label} has not run yet.", "runtime", label)
        if not isinstance(value, torch.Tensor):
            return Problem(f"{label} is no tensor: a Jacobian has entries of tensors.", "type", label)
        pair.append(value)
    output, source = pair
    for label, tensor in ((of, output), (wrt, source)):
        if not (tensor.is_floating_point() or tensor.is_complex()):
            text = f"{label} holds {str(tensor.dtype).removeprefix('torch.')}: only floating-point tensors have derivatives."
            return Problem(text, "autograd", label)
    return output, source


def _wanted(given: Sequence[int] | None, count: int, full: tuple[int, int]) -> list[int]:
    """Which rows or columns: those asked for, else all, else evenly spaced ones, the first and the last among them."""
    if given is not None:
        return [at for at in given if 0 <= at < count]
    if full[0] * full[1] <= ENTRIES or count <= SAMPLE:
        return list(range(count))
    return sorted({round(at * (count - 1) / (SAMPLE - 1)) for at in range(SAMPLE)})


def _rows(engine: Engine, output: torch.Tensor, source: torch.Tensor, rows: Sequence[int]) -> torch.Tensor:
    """By VJP. See Note [Rows and columns]."""
    if not source.requires_grad:
        raise NoFunction("No gradient is recorded for it: it does not require grad.")
    if not output.requires_grad or (output is not source and output.grad_fn is None):
        raise NoFunction("The output has no graph: nothing that led to it requires grad.")
    basis = torch.zeros(len(rows), output.numel(), dtype=output.dtype, device=output.device)
    basis[torch.arange(len(rows)), torch.tensor(rows, dtype=torch.int64)] = 1
    basis = basis.view(len(rows), *output.shape)

    def pull(v: torch.Tensor) -> torch.Tensor:
        (found,) = torch.autograd.grad(output, source, v, retain_graph=True, allow_unused=True)
        return torch.zeros_like(source) if found is None else found

    with _retained_kept(engine):
        try:
            with _quiet():
                found = torch.func.vmap(pull)(basis)
        except RuntimeError as error:
            if "vmap" not in str(error) and "batch" not in str(error):
                raise
            found = torch.stack([pull(v) for v in basis])
    return found.reshape(len(rows), source.numel())


def _columns(engine: Engine, of: str, wrt: str, source: torch.Tensor, columns: Sequence[int]) -> torch.Tensor:
    """By JVP. See Note [Rows and columns]."""
    start, end = _keys(engine, of, wrt)
    function = Between(engine, start, end)
    found = []
    for at in columns:
        tangent = torch.zeros(source.numel(), dtype=source.dtype, device=source.device)
        tangent[at] = 1
        with _quiet(), forward_ad.dual_level(), torch.enable_grad():
            out = function(make_dual(source.detach(), tangent.view(source.shape)))
            pushed = unpack_dual(out).tangent
            found.append(torch.zeros_like(out).reshape(-1) if pushed is None else pushed.detach().reshape(-1))
    return torch.stack(found, 1)


def _keys(engine: Engine, of: str, wrt: str) -> tuple[str, str]:
    """Node ids of whole values.

    Raises: NoFunction for one output of several.
    """
    places = [engine.names.find(label) for label in (wrt, of)]
    if any(place is None or place[1] is not None for place in places):
        raise NoFunction("One of several outputs cannot be run forward by itself.")
    return places[0][0], places[1][0]  # type: ignore[index]  # None has just been refused


@contextmanager
def _quiet() -> Iterator[None]:
    """Without torch's warnings about its own insides: loops where it cannot batch, old names that it uses itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _retained_kept(engine: Engine) -> Iterator[None]:
    """What ``retain_grad`` keeps would be filled by the passes here: it stays as it was."""
    kept = [
        (tensor, tensor.grad)
        for key in engine.state.order
        for tensor in tensors_in(engine.plan.value(key))
        if tensor.retains_grad and not is_leaf(tensor)
    ]
    try:
        yield
    finally:
        for tensor, grad in kept:
            tensor.grad = grad


def hessian(engine: Engine, of: str, wrt: str) -> Matrix:
    """The second derivatives of a scalar node by another node's entries, by ``torch.func.hessian`` on what lies between."""
    return _second(engine, of, wrt, lambda function, x: torch.func.hessian(function)(x).reshape(x.numel(), x.numel()))


def hessian_vector(engine: Engine, of: str, wrt: str, vector: torch.Tensor) -> Matrix:
    """The Hessian times a vector, a single column, without the Hessian: forward mode over reverse mode."""

    def product(function: Callable[[Any], Any], x: torch.Tensor) -> torch.Tensor:
        column: torch.Tensor = torch.func.jvp(torch.func.grad(function), (x,), (vector.to(x.dtype).reshape(x.shape),))[
            1
        ]
        return column.reshape(-1, 1)

    return _second(engine, of, wrt, product)


def _second(
    engine: Engine, of: str, wrt: str, compute: Callable[[Callable[[Any], Any], torch.Tensor], torch.Tensor]
) -> Matrix:
    found = _pair(engine, of, wrt)
    if isinstance(found, Problem):
        return Matrix(of, wrt, problems=(found,))
    output, source = found
    count = source.numel()
    if output.numel() != 1:
        text = f"{of} has {output.numel()} entries: second derivatives are of a scalar."
        return Matrix(of, wrt, (count, count), problems=(Problem(text, "autograd", of),))
    if count * count > ENTRIES:
        text = f"{wrt} has {count:,} entries: its Hessian of {count * count:,} is too large. A Hessian-vector product is not."
        return Matrix(of, wrt, (count, count), problems=(Problem(text, "memory", wrt),))
    try:
        function = Between(engine, *_keys(engine, of, wrt))
        with _quiet():
            values = compute(lambda x: function(x).reshape(()), source.detach())
    except NoFunction as error:
        return Matrix(of, wrt, (count, count), problems=(Problem(str(error), "autograd"),))
    except Exception as error:
        problem = explain(error, engine.names.find(of)[0], engine.document, engine.label, engine.plan.read)  # type: ignore[index]  # _pair has found it
        return Matrix(of, wrt, (count, count), problems=(problem,))
    width = int(values.shape[1])
    return Matrix(of, wrt, (count, count), tuple(range(count)), tuple(range(width)), array_of(values), "forward", count)


def check(engine: Engine, of: str, wrt: str) -> Check:
    """A scalar node's gradient against central differences, both in double precision. See Check."""
    found = _pair(engine, of, wrt)
    if isinstance(found, Problem):
        return Check(of, wrt, problems=(found,))
    output, source = found
    if output.numel() != 1 or output.is_complex() or source.is_complex():
        text = f"{of} is no real scalar: the check is of the gradient of one number by real entries."
        return Check(of, wrt, problems=(Problem(text, "autograd", of),))
    try:
        own = Between(engine, *_keys(engine, of, wrt))
        double = Between(engine, *_keys(engine, of, wrt), dtype=torch.float64)
        x = source.detach().to(torch.float64)
        shown = _gradient(own, source.detach())
        analytic = _gradient(double, x)
        entries = _wanted(None, source.numel(), (ENTRIES + 1, source.numel()))[
            :: max(1, min(source.numel(), SAMPLE) // CHECKED)
        ]
        sides = [_sides(double, x, at) for at in entries]
    except NoFunction as error:
        return Check(of, wrt, problems=(Problem(str(error), "autograd"),))
    except Exception as error:
        problem = explain(error, engine.names.find(of)[0], engine.document, engine.label, engine.plan.read)  # type: ignore[index]  # _pair has found it
        return Check(of, wrt, problems=(problem,))
    numeric = [(left + right) / 2 for left, right in sides]
    exact = [float(analytic.reshape(-1)[at]) for at in entries]
    kinks = tuple(
        at for at, (left, right) in zip(entries, sides, strict=True)
        if abs(left - right) > 1e-3 * max(1.0, abs(left), abs(right))
    )  # fmt: skip
    errors = [
        abs(a - b) / max(1.0, abs(a), abs(b))
        for at, a, b in zip(entries, numeric, exact, strict=True)
        if at not in kinks
    ]
    worst = max(errors, default=0.0)
    mine = tuple(float(shown.reshape(-1)[at]) for at in entries)
    return Check(of, wrt, tuple(entries), tuple(numeric), tuple(exact), mine, kinks, worst, worst <= TOLERANCE)


def _gradient(function: Between, x: torch.Tensor) -> torch.Tensor:
    with torch.enable_grad():
        leaf = x.detach().clone().requires_grad_()
        out = function(leaf)
        (found,) = torch.autograd.grad(out.sum(), leaf, allow_unused=True) if out.requires_grad else (None,)
    return torch.zeros_like(x) if found is None else found


def _sides(function: Between, x: torch.Tensor, at: int) -> tuple[float, float]:
    """The differences from the left and from the right at one entry."""
    with torch.no_grad():
        here = float(function(x))
        step = STEP * max(1.0, abs(float(x.reshape(-1)[at])))
        values = []
        for sign in (-1, 1):
            moved = x.clone()
            moved.view(-1)[at] += sign * step
            values.append(float(function(moved)))
    return (here - values[0]) / step, (values[1] - here) / step
