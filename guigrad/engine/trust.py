"""Whether a gradient can be trusted: finite differences, torch's own gradcheck, double precision, other devices, what is stored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from msgspec import structs

from guigrad.document.problem import Problem
from guigrad.engine.backward import default_roots
from guigrad.engine.between import Between, NoFunction
from guigrad.engine.device import devices
from guigrad.engine.jacobian import RUN, TOLERANCE, check, gradient, keys, pair, quiet, stop_if_asked
from guigrad.engine.values import tensors_in
from guigrad.run.derivative import AskTrust, Trust, Trusts

if TYPE_CHECKING:
    from guigrad.engine.play import Engine

KINKED = frozenset({
    "relu", "relu_", "relu6", "leaky_relu", "leaky_relu_", "prelu", "rrelu", "hardtanh", "hardtanh_", "hardswish",
    "hardsigmoid", "hardshrink", "softshrink", "threshold", "threshold_", "abs", "absolute", "max", "min", "amax",
    "amin", "maximum", "minimum", "fmax", "fmin", "clamp", "clamp_", "clip", "where", "sign", "round", "floor",
    "ceil", "frac", "median", "norm", "l1_loss", "smooth_l1_loss", "huber_loss", "hinge_embedding_loss",
    "margin_ranking_loss", "multi_margin_loss", "max_pool1d", "max_pool2d", "max_pool3d", "topk", "sort", "dist",
    "cdist",
})  # fmt: skip
"""Names of ops that have corners, where no derivative exists."""
OWN = {torch.float64: 1e-9, torch.float32: 1e-3, torch.float16: 5e-2, torch.bfloat16: 0.2}
"""How far a gradient in its own precision may be from the one in double precision, relative."""
SAID = 300
"""Letters of gradcheck's text that are kept."""
LARGEST = 1 << 22
WHOLE = 256
"""Up to so many entries gradcheck looks at each; of more, along one random direction (its fast mode)."""


def trust(engine: Engine, asked: AskTrust, others: Sequence[str] | None = None) -> Trusts:
    """What speaks for each gradient that is asked about; ``others`` are the devices to compare with (None: all there are).

    Nothing raises but Cancelled. Thread: the engine's.
    """
    root = asked.of or _root(engine)
    if isinstance(root, Problem):
        return Trusts(problems=(root,))
    names = asked.wrt or tuple(engine.label(key) for key, leaf in engine.state.leaves().items() if leaf.requires_grad)
    known = [name for name in devices() if name != engine.device] if others is None else others
    found = []
    for name in names:
        stop_if_asked(engine)
        found.append(_one(engine, root, name, known))
    return Trusts(tuple(found))


def _root(engine: Engine) -> str | Problem:
    if not any(status == "fresh" for status in engine.state.status.values()):
        return Problem("Nothing has run yet.", "runtime", fixes=RUN)
    roots = default_roots(engine)
    if isinstance(roots, str):
        return Problem(roots, "autograd")
    if len(roots.places) > 1:
        return Problem("Backward has several roots: choose one output and one input.", "autograd")
    return engine.label(roots.keys[0])


def _one(engine: Engine, of: str, wrt: str, others: Sequence[str]) -> Trust:
    mode = torch.are_deterministic_algorithms_enabled()
    found = pair(engine, of, wrt)
    if isinstance(found, Problem):
        return Trust(of, wrt, deterministic=mode, problems=(found,))
    output, source = found
    tolerance = OWN.get(source.dtype, TOLERANCE)
    if max(output.numel(), source.numel()) > LARGEST:
        text = f"{wrt} has {source.numel():,} entries, {of} {output.numel():,}: gradients of up to {LARGEST:,} are checked."
        return Trust(of, wrt, deterministic=mode, problems=(Problem(text, "memory"),))
    v, name = _upstream(engine, of, output)
    if output.is_complex() or source.is_complex():
        return _complex(engine, Trust(of, wrt, tolerance=tolerance, deterministic=mode), output, source)
    figures = check(engine, of, wrt, v)
    told = Trust(of, wrt, check=figures, tolerance=tolerance, deterministic=mode, problems=figures.problems, v=name)
    if figures.problems:
        return told
    try:
        function = Between(engine, *keys(engine, of, wrt))
        shown = gradient(function, source.detach(), v)
        said = _gradcheck(engine, of, wrt, output, source)
        held, note = _held(engine, wrt, source, shown)
        elsewhere = tuple((name, _there(engine, of, wrt, source, shown, v, name)) for name in others)
    except (NoFunction, RuntimeError, ValueError, TypeError) as error:
        return structs.replace(told, problems=(Problem(str(error), "autograd", error=type(error).__name__),))
    corners = tuple(
        dict.fromkeys(
            f"{engine.label(key)} = {op}(…)"
            for key in function.keys
            if (op := engine.document.nodes[key].op.rpartition(".")[2]) in KINKED
        )
    )
    own = max((_apart(a, b) for a, b in zip(figures.shown, figures.analytic, strict=True)), default=0.0)
    good = figures.passed and own <= tolerance and all(apart <= tolerance for _, apart in elsewhere)
    odd = [at for at, number in zip(figures.entries, figures.numeric, strict=True) if not math.isfinite(number)]
    if odd:
        places = ", ".join(map(str, odd[:8]))
        text = f"{of} is not finite around entries {places} of {wrt}: there is nothing to compare the gradient with."
        told = structs.replace(told, problems=(Problem(text, "runtime", severity="warning"),))
    verdict = (
        "unknown"
        if odd
        else "differs"
        if not good or (said and not figures.kinks)
        else "kink"
        if figures.kinks
        else "trusted"
    )
    return structs.replace(
        told,
        verdict=verdict,
        gradcheck=said,
        held=held,
        held_note=note,
        corners=corners if figures.kinks else (),
        cuts=tuple(engine.label(key) for key in function.keys if _cuts(engine, key)),
        devices=elsewhere,
    )


def _cuts(engine: Engine, key: str) -> bool:
    """Whether a node takes a tensor that requires grad and gives real numbers that do not: finite differences see through it, autograd does not."""
    given = tensors_in(engine.plan.value(key))
    read = [tensor for wire in engine.document.nodes[key].inputs() for tensor in tensors_in(engine.plan.read(wire))]
    real = [tensor for tensor in given if tensor.is_floating_point()]
    return bool(real) and not any(t.requires_grad for t in real) and any(t.requires_grad for t in read)


def _apart(first: float, second: float) -> float:
    return abs(first - second) / max(1.0, abs(first), abs(second))


def _complex(engine: Engine, told: Trust, output: torch.Tensor, source: torch.Tensor) -> Trust:
    """By gradcheck alone: it knows what the derivative of a complex number is."""
    try:
        said = _gradcheck(engine, told.of, told.wrt, output, source)
    except (NoFunction, RuntimeError, ValueError, TypeError) as error:
        return structs.replace(told, problems=(Problem(str(error), "autograd", error=type(error).__name__),))
    return structs.replace(told, verdict="differs" if said else "trusted", gradcheck=said)


def _upstream(engine: Engine, of: str, output: torch.Tensor) -> tuple[torch.Tensor | None, str]:
    """The v of the last backward, if it started here from more than one number, else ones; and what it is called."""
    place = engine.names.find(of)
    if output.numel() == 1:
        return None, ""
    found = engine.tape.gradients.get(place[0]) if engine.tape is not None and place is not None else None
    if found is None or found.shape != output.shape:
        return torch.ones_like(output, requires_grad=False), "ones"
    return found.detach(), "the last backward's"


def _gradcheck(engine: Engine, of: str, wrt: str, output: torch.Tensor, source: torch.Tensor) -> str:
    """ "" if torch.autograd.gradcheck passes in double precision, else the first line of what it says."""
    double = Between(engine, *keys(engine, of, wrt), dtype=torch.float64)
    wide = torch.complex128 if source.is_complex() else torch.float64
    leaf = source.detach().to(wide).clone(memory_format=torch.contiguous_format).requires_grad_()
    try:
        with torch.enable_grad(), quiet():
            torch.autograd.gradcheck(
                double, (leaf,), fast_mode=max(leaf.numel(), output.numel()) > WHOLE, atol=1e-5, rtol=1e-3
            )
    except RuntimeError as error:
        return " ".join(str(error).split())[:SAID] or "gradcheck failed"
    return ""


def _held(engine: Engine, wrt: str, source: torch.Tensor, shown: torch.Tensor) -> tuple[float | None, str]:
    """How far what is stored is from one backward of this root, and why it may be."""
    place = engine.names.find(wrt)
    own = source.grad if source.is_leaf or source.retains_grad else None
    if own is None and engine.tape is not None and place is not None:
        own = engine.tape.gradients.get(place[0])
    if own is None or own.shape != shown.shape or own.layout is not torch.strided:
        return None, "No gradient is stored: no backward has come here."
    scale = max(1.0, float(shown.abs().max()) if shown.numel() else 1.0)
    apart = float((own.detach().to(shown.dtype) - shown).abs().max()) / scale if shown.numel() else 0.0
    if apart <= OWN.get(source.dtype, TOLERANCE):
        return apart, ""
    return (
        apart,
        "What is stored is not that of one backward from here: it has accumulated, or another root or v was used.",
    )


def _there(
    engine: Engine, of: str, wrt: str, source: torch.Tensor, shown: torch.Tensor, v: torch.Tensor | None, name: str
) -> float:
    """The largest relative difference of the gradient computed on another device."""
    function = Between(engine, *keys(engine, of, wrt), device=name)
    found = gradient(function, source.detach().to(name), v if v is None else v.to(name)).to(shown.device)
    scale = max(1.0, float(shown.abs().max()) if shown.numel() else 1.0)
    return float((found - shown).abs().max()) / scale if shown.numel() else 0.0
