"""Jacobians, Hessians and checks of gradients, all by torch itself.

Note [Rows and columns]
Reverse mode pulls basis vectors back through the very graph that the last forward built, all at once (``torch.func.vmap``), so dropout masks
are those of the values on screen. Forward mode runs the nodes between once more on dual numbers. Rows are exact entries of J
either way; neither changes a ``.grad`` or frees the graph. Where a backward has freed the graph, the nodes between run once more on the values
that they had (``again`` in Matrix), and reverse mode goes through that.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch.autograd import forward_ad

from guigrad.document.problem import Fix, Problem
from guigrad.engine.between import Between, NoFunction, Place
from guigrad.engine.build import Cancelled
from guigrad.engine.explain import explain
from guigrad.engine.memory import available_bytes
from guigrad.engine.values import MISSING, array_of, is_leaf, tensors_in
from guigrad.run.derivative import Check, Matrix

if TYPE_CHECKING:
    from guigrad.engine.play import Engine

ENTRIES = 1 << 20
"""The largest J that is computed whole; of larger ones at most SAMPLE rows and columns."""
SAMPLE = 256
WORK = 1 << 26
"""Entries that the passes of a sample go through in all."""
PASSES = 2048
"""Passes of forward mode up to which all columns are computed: each runs what lies between once more."""
ALWAYS = 1 << 26
"""Room that is taken to be there. Units: bytes."""
CHUNK = 1 << 23
"""Entries of basis vectors that are pulled back at once."""
RUN = (Fix("Run forward", "forward"),)
make_dual: Callable[..., Any] = forward_ad.make_dual  # torch's stubs leave these two untyped
unpack_dual: Callable[..., Any] = forward_ad.unpack_dual
CHECKED = 64
"""How many entries of a leaf a check looks at."""
CHECK_SECONDS = 2.0
"""How long one check goes on to further entries."""
EPS = 2.0**-52
STEP = EPS ** (1 / 3)
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
    found = pair(engine, of, wrt)
    if isinstance(found, Problem):
        return Matrix(of, wrt, mode=mode, problems=(found,))
    output, source = found
    full = (output.numel(), source.numel())
    many, forward = full[0] * full[1] > ENTRIES, mode == "forward"
    wanted_rows = _wanted(rows, full[0], many, SAMPLE if forward else passes(*full))
    wanted_columns = _wanted(
        columns, full[1], many or (forward and full[1] > PASSES), passes(*full) if forward else SAMPLE
    )
    sampled = len(wanted_rows) < full[0] or len(wanted_columns) < full[1]
    basis = full[1] if mode == "forward" else full[0]
    shapes = tuple(output.shape), tuple(source.shape)
    kept, count = len(wanted_rows) * len(wanted_columns), len(wanted_columns if forward else wanted_rows)
    if no_room(kept, count, max(full), output.element_size()):
        text = f"J of {of} by {wrt} is {full[0]:,} × {full[1]:,}: too large for the memory there is, even sampled."
        return Matrix(of, wrt, full, mode=mode, shapes=shapes, problems=(Problem(text, "memory"),))
    again = False
    try:
        if mode == "forward":
            values = _columns(engine, of, wrt, source, wanted_columns, wanted_rows)
        else:
            values, again = through(
                engine,
                of,
                wrt,
                output,
                source,
                lambda end, start: _rows(engine, end, start, wanted_rows, wanted_columns),
            )
    except NoFunction as error:
        return Matrix(of, wrt, full, mode=mode, shapes=shapes, problems=(Problem(str(error), "autograd"),))
    except Exception as error:
        return Matrix(of, wrt, full, mode=mode, shapes=shapes, problems=(blamed(engine, of, error),))
    found_rows, found_columns = tuple(wanted_rows), tuple(wanted_columns)
    return Matrix(of, wrt, full, found_rows, found_columns, array_of(values), mode, basis, sampled, shapes, again)


def blamed(engine: Engine, of: str, error: Exception) -> Problem:
    """torch's own text, pinned to the output."""
    key = engine.names.find(of)
    return explain(error, key[0] if key else "", engine.document, engine.label, engine.plan.read)


def through(
    engine: Engine,
    of: str,
    wrt: str,
    output: torch.Tensor,
    source: torch.Tensor,
    work: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> tuple[torch.Tensor, bool]:
    """``work(output, input)`` with a graph between them that is not freed, and whether it was made anew. See Note [Rows and columns].

    Raises: NoFunction when there is none.
    """
    end, start, again = _graph(engine, of, wrt, output, source)
    try:
        return work(end, start), again
    except RuntimeError as error:
        if again or "second time" not in str(error):
            raise
        end, start, again = _graph(engine, of, wrt, output, source, freed=True)  # freed by the program itself
        if not again:
            raise
    return work(end, start), True


def _graph(
    engine: Engine, of: str, wrt: str, output: torch.Tensor, source: torch.Tensor, freed: bool = False
) -> tuple[torch.Tensor, torch.Tensor, bool]:
    if not source.requires_grad:
        raise NoFunction(f"No gradient is recorded for {wrt}: it does not require grad. Forward mode needs none.")
    if not output.requires_grad or (output is not source and output.grad_fn is None):
        raise NoFunction(f"{of} has no graph: nothing that led to it requires grad.")
    place = engine.names.find(of)
    if place is None or (place[0] not in engine.state.freed and not freed) or output is source:
        return output, source, False
    try:
        between = Between(engine, *keys(engine, of, wrt))
    except NoFunction:
        return output, source, False  # torch's own words then say what is wrong
    with torch.enable_grad(), quiet():
        start = source.detach().clone().requires_grad_()
        end = between(start)
    if not isinstance(end, torch.Tensor) or not end.requires_grad:
        raise NoFunction(f"{of} does not depend on {wrt} in a way that autograd follows.")
    return end, start, True


def pair(engine: Engine, of: str, wrt: str) -> tuple[torch.Tensor, torch.Tensor] | Problem:
    found = []
    for label in (of, wrt):
        value = engine.value(label)
        if engine.names.find(label) is None:
            return Problem(f"There is no node {label!r} in this document.", "name")
        if value is MISSING:
            return Problem(f"{label} has not run yet.", "runtime", label, fixes=RUN)
        if not isinstance(value, torch.Tensor):
            return Problem(f"{label} is no tensor: a Jacobian has entries of tensors.", "type", label)
        place = engine.names.find(label)
        if place is not None and engine.state.status.get(place[0]) != "fresh":
            return Problem(f"{label} was computed before the last edit.", "runtime", label, fixes=RUN)
        found.append(value)
    output, source = found
    for label, tensor in ((of, output), (wrt, source)):
        if not (tensor.is_floating_point() or tensor.is_complex()):
            text = f"{label} holds {str(tensor.dtype).removeprefix('torch.')}: only floating-point tensors have derivatives."
            return Problem(text, "autograd", label)
    return output, source


def no_room(kept: int, count: int, entries: int, size: int) -> bool:
    """Whether there is not the memory to keep so many entries and to send ``count`` vectors of so many through the graph at once."""
    needed = (kept + 8 * max(min(CHUNK, count * entries), entries)) * size
    return needed > ALWAYS and needed > available_bytes() // 2


def passes(*entries: int) -> int:
    """How many passes through tensors of so many entries a sample may take."""
    return max(8, min(SAMPLE, WORK // max(1, *entries)))


def spread(count: int, some: int) -> list[int]:
    """So many of ``count`` places, evenly spaced, the first and the last among them."""
    return sorted({round(at * (count - 1) / (some - 1)) for at in range(some)})


def _wanted(given: Sequence[int] | None, count: int, many: bool, limit: int) -> Sequence[int]:
    """Which rows or columns: those asked for, else all, else (``many``) some."""
    if given is not None:
        return given if isinstance(given, range) else [at for at in given if 0 <= at < count]
    return spread(count, limit) if many and count > limit else range(count)


def _rows(
    engine: Engine, output: torch.Tensor, source: torch.Tensor, rows: Sequence[int], columns: Sequence[int]
) -> torch.Tensor:
    """By VJP. See Note [Rows and columns]."""
    some = None if len(columns) == source.numel() else torch.tensor(columns, dtype=torch.int64, device=source.device)

    def pull(v: torch.Tensor) -> torch.Tensor:
        (found,) = torch.autograd.grad(output, source, v, retain_graph=True, allow_unused=True)
        return torch.zeros_like(source) if found is None else found

    found = []
    chunk = max(1, min(len(rows), CHUNK // max(output.numel(), source.numel(), 1)))
    with retained_kept(engine), quiet():
        for start in range(0, len(rows), chunk):
            stop_if_asked(engine)
            part = rows[start : start + chunk]
            basis = torch.zeros(len(part), output.numel(), dtype=output.dtype, device=output.device)
            if part == range(output.numel()):
                basis.fill_diagonal_(1)
            else:
                basis[torch.arange(len(part)), torch.tensor(part, dtype=torch.int64)] = 1
            basis = basis.view(len(part), *output.shape)
            try:
                pulled = torch.func.vmap(pull)(basis)
            except RuntimeError as error:
                if "vmap" not in str(error) and "batch" not in str(error):
                    raise
                pulled = torch.stack([pull(v) for v in basis])
            pulled = pulled.reshape(len(part), source.numel())
            found.append(pulled if some is None else pulled[:, some])
    return found[0] if len(found) == 1 else torch.cat(found) if found else output.new_zeros(0, len(columns))


def stop_if_asked(engine: Engine) -> None:
    """Between two pieces of work. Raises: Cancelled."""
    if engine.cancelled is not None and engine.cancelled():
        raise Cancelled


def _columns(
    engine: Engine, of: str, wrt: str, source: torch.Tensor, columns: Sequence[int], rows: Sequence[int]
) -> torch.Tensor:
    """By JVP. See Note [Rows and columns]."""
    start, end = keys(engine, of, wrt)
    function = Between(engine, start, end)
    some = torch.tensor(rows, dtype=torch.int64, device=source.device)
    found = []
    for at in columns:
        stop_if_asked(engine)
        tangent = torch.zeros(source.numel(), dtype=source.dtype, device=source.device)
        tangent[at] = 1
        with quiet(), forward_ad.dual_level(), torch.enable_grad():
            out = function(make_dual(source.detach(), tangent.view(source.shape)))
            pushed = unpack_dual(out).tangent
            whole = torch.zeros_like(out).reshape(-1) if pushed is None else pushed.detach().reshape(-1)
            found.append(whole if len(rows) == whole.numel() else whole[some])
    return torch.stack(found, 1) if found else source.new_zeros(len(rows), 0)


def keys(engine: Engine, of: str, wrt: str) -> tuple[Place, Place]:
    """Where the two are, the input first."""
    start, end = engine.names.find(wrt), engine.names.find(of)
    assert start is not None  # ``pair`` has found both
    assert end is not None
    return start, end


@contextmanager
def quiet() -> Iterator[None]:
    """Without torch's warnings about its own insides: loops where it cannot batch, old names that it uses itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def retained_kept(engine: Engine) -> Iterator[None]:
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


def check(engine: Engine, of: str, wrt: str, v: torch.Tensor | None = None) -> Check:
    """The gradient of a scalar node (of ⟨v, node⟩ for another) against central differences, both in double precision. See Check."""
    found = pair(engine, of, wrt)
    if isinstance(found, Problem):
        return Check(of, wrt, problems=(found,))
    output, source = found
    if (output.numel() != 1 and v is None) or output.is_complex() or source.is_complex():
        text = f"{of} is no real scalar: the check is of the gradient of one number by real entries."
        return Check(of, wrt, problems=(Problem(text, "autograd", of),))
    try:
        own = Between(engine, *keys(engine, of, wrt))
        double = Between(engine, *keys(engine, of, wrt), dtype=torch.float64)
        x = source.detach().to(torch.float64)
        shown = gradient(own, source.detach(), v)
        analytic = gradient(double, x, v)
        count = source.numel()
        entries: Sequence[int] = spread(count, CHECKED) if count > CHECKED else range(count)
        here = _at(double, x, v)
        sides, until = [], time.monotonic() + CHECK_SECONDS
        for at in entries:
            stop_if_asked(engine)
            sides.append(_sides(double, x, at, here, v))
            if time.monotonic() > until:
                break
        entries = entries[: len(sides)]
    except NoFunction as error:
        return Check(of, wrt, problems=(Problem(str(error), "autograd"),))
    except Exception as error:
        return Check(of, wrt, problems=(blamed(engine, of, error),))
    numeric = [(left + right) / 2 for left, right, _ in sides]
    exact = [float(analytic.reshape(-1)[at]) for at in entries]
    kinks = tuple(at for at, (_, _, kink) in zip(entries, sides, strict=True) if kink)
    errors = [
        abs(a - b) / max(1.0, abs(a), abs(b))
        for at, a, b in zip(entries, numeric, exact, strict=True)
        if at not in kinks
    ]
    worst = math.nan if any(map(math.isnan, errors)) else max(errors, default=0.0)
    mine = tuple(float(shown.reshape(-1)[at]) for at in entries)
    return Check(of, wrt, tuple(entries), tuple(numeric), tuple(exact), mine, kinks, worst, worst <= TOLERANCE)


def gradient(function: Between, x: torch.Tensor, v: torch.Tensor | None = None) -> torch.Tensor:
    """The gradient of the sum of a function's entries, each times that of v."""
    with torch.enable_grad(), quiet():
        leaf = x.detach().clone().requires_grad_()
        out = function(leaf)
        (found,) = torch.autograd.grad(_weighted(out, v), leaf, allow_unused=True) if out.requires_grad else (None,)
    return torch.zeros_like(x) if found is None else found


def _weighted(out: torch.Tensor, v: torch.Tensor | None) -> torch.Tensor:
    return out.sum() if v is None else (out * v.to(out.dtype)).sum()


def _at(function: Between, x: torch.Tensor, v: torch.Tensor | None) -> float:
    with torch.no_grad(), quiet():
        return float(_weighted(function(x), v))


def _sides(
    function: Between, x: torch.Tensor, at: int, here: float, v: torch.Tensor | None
) -> tuple[float, float, bool]:
    """The differences from the left and from the right at one entry, and whether they go on differing as the step gets smaller.

    The step is made larger where the rounding of a large value would drown the difference.
    """

    def differences(step: float) -> tuple[float, float]:
        values = []
        for sign in (-1, 1):
            moved = x.clone(memory_format=torch.contiguous_format)
            moved.view(-1)[at] += sign * step
            values.append(_at(function, moved, v))
        return (here - values[0]) / step, (values[1] - here) / step

    size = max(1.0, abs(float(x.reshape(-1)[at])))
    step = STEP * size
    left, right = differences(step)
    while step < 1e-3 * size and EPS * abs(here) / step > TOLERANCE / 10 * max(1.0, abs(left + right) / 2):
        step *= 8
        left, right = differences(step)
    gap = abs(left - right)
    if not gap > 1e-4 * max(1.0, abs(left), abs(right)):
        return left, right, False
    near, far = differences(step / 8)
    if abs(near - far) > 0.5 * gap:
        return near, far, True
    return left, right, False
