"""J and the Hessian times a vector: one pass of autograd each, on the very graph that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.autograd import forward_ad

from guigrad.document.array import ArrayData
from guigrad.document.problem import Problem
from guigrad.engine.between import Between, NoFunction
from guigrad.engine.hessian import hessian_vector
from guigrad.engine.jacobian import blamed, keys, make_dual, pair, quiet, retained_kept, through, unpack_dual
from guigrad.engine.values import array_of, dtype_name, tensor_of
from guigrad.run.derivative import AskProduct, Product

if TYPE_CHECKING:
    from guigrad.engine.play import Engine


def product(engine: Engine, asked: AskProduct) -> Product:
    """vᵀJ by one VJP, J v by one JVP, or H v; a v that does not fit gives torch's own text, and nothing has changed.

    Nothing raises. Thread: the engine's.
    """
    of, wrt, kind = asked.of, asked.wrt, asked.kind
    found = pair(engine, of, wrt)
    if isinstance(found, Problem):
        return Product(of, wrt, kind, problems=(found,))
    output, source = found
    v = _vector(engine, asked.v, output if kind == "vjp" else source)
    if isinstance(v, Problem):
        return Product(of, wrt, kind, problems=(v,))
    try:
        values, again = _multiply(engine, asked, v, output, source)
    except NoFunction as error:
        return Product(of, wrt, kind, array_of(v), problems=(Problem(str(error), "autograd"),))
    except Exception as error:
        return Product(of, wrt, kind, array_of(v), problems=(blamed(engine, of, error),))
    if isinstance(values, Problem):
        return Product(of, wrt, kind, array_of(v), problems=(values,))
    return Product(of, wrt, kind, array_of(v), array_of(values), again)


def _vector(engine: Engine, v: ArrayData | str, like: torch.Tensor) -> torch.Tensor | Problem:
    if isinstance(v, ArrayData):
        return tensor_of(v, like.device)
    value = engine.value(v)
    if not isinstance(value, torch.Tensor):
        return Problem(f"There is no node {v!r} that holds a tensor: v stays as it was.", "name")
    return value.detach()


def _multiply(
    engine: Engine, asked: AskProduct, v: torch.Tensor, output: torch.Tensor, source: torch.Tensor
) -> tuple[torch.Tensor | Problem, bool]:
    of, wrt = asked.of, asked.wrt
    if not (v.is_floating_point() or v.is_complex()):
        text = f"v holds {dtype_name(v.dtype)}: it has floating-point numbers, as {of if asked.kind == 'vjp' else wrt} has."
        return Problem(text, "type"), False
    if asked.kind != "vjp":  # torch would reshape or cast what it should refuse
        if v.shape != source.shape:
            text = f"Mismatch in shape: v has a shape of {v.shape} and {wrt} has a shape of {source.shape}."
            return Problem(text, "shape"), False
        if v.is_complex() and not source.is_complex():
            text = f"Mismatch in dtype: v holds {dtype_name(v.dtype)} and {wrt} {dtype_name(source.dtype)}."
            return Problem(text, "type"), False
    if asked.kind == "vjp":

        def pull(end: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
            with retained_kept(engine), quiet():
                (pulled,) = torch.autograd.grad(end, start, v, retain_graph=True, allow_unused=True)
            return torch.zeros_like(source) if pulled is None else pulled.detach()

        return through(engine, of, wrt, output, source, pull)
    if asked.kind == "hvp":
        done = hessian_vector(engine, of, wrt, v)
        if done.values is None:
            return done.problems[0], False
        return tensor_of(done.values).reshape(source.shape), False
    function = Between(engine, *keys(engine, of, wrt))
    with quiet(), forward_ad.dual_level(), torch.enable_grad():
        out = function(make_dual(source.detach(), v))
        pushed = unpack_dual(out).tangent
        return (torch.zeros_like(output) if pushed is None else pushed.detach()), False
