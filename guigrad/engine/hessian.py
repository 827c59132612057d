"""Second derivatives of a scalar node, by ``torch.func`` on what lies between it and another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from guigrad.document.problem import Problem
from guigrad.engine.between import Between, NoFunction
from guigrad.engine.jacobian import CHUNK, ENTRIES, blamed, keys, no_room, pair, passes, quiet, spread, stop_if_asked
from guigrad.engine.values import array_of
from guigrad.run.derivative import Matrix

if TYPE_CHECKING:
    from guigrad.engine.play import Engine

Scalar = Callable[[Any], Any]


def hessian(engine: Engine, of: str, wrt: str) -> Matrix:
    """The second derivatives of a scalar node by another node's entries; of a large one at most SAMPLE rows and columns.

    Nothing raises: what cannot be had is told in ``problems``. Thread: the engine's.
    """

    def whole(function: Scalar, x: torch.Tensor) -> tuple[torch.Tensor, list[int]]:
        count = x.numel()
        slope = torch.func.grad(function)
        if count * count <= ENTRIES:
            square: torch.Tensor = torch.func.jacfwd(slope, randomness="same")(x)
            return square.reshape(count, count), list(range(count))
        places = spread(count, passes(count))

        def column(v: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = torch.func.jvp(slope, (x,), (v,))[1]
            return found.reshape(-1)[places]

        found = []
        chunk = max(1, CHUNK // count)
        for start in range(0, len(places), chunk):
            stop_if_asked(engine)
            part = places[start : start + chunk]
            basis = torch.zeros(len(part), count, dtype=x.dtype, device=x.device)
            basis[torch.arange(len(part)), torch.tensor(part)] = 1
            found.append(torch.func.vmap(column, randomness="same")(basis.view(len(part), *x.shape)))
        return torch.cat(found).T, places

    return _second(engine, of, wrt, whole)


def hessian_vector(engine: Engine, of: str, wrt: str, vector: torch.Tensor) -> Matrix:
    """The Hessian times a vector, a single column, without the Hessian: forward mode over reverse mode."""

    def product(function: Scalar, x: torch.Tensor) -> tuple[torch.Tensor, list[int]]:
        slope = torch.func.grad(function)
        column: torch.Tensor = torch.func.jvp(slope, (x,), (vector.to(x.dtype).reshape(x.shape),))[1]
        return column.reshape(-1, 1), list(range(x.numel()))

    return _second(engine, of, wrt, product)


def _second(
    engine: Engine, of: str, wrt: str, compute: Callable[[Scalar, torch.Tensor], tuple[torch.Tensor, list[int]]]
) -> Matrix:
    found = pair(engine, of, wrt)
    if isinstance(found, Problem):
        return Matrix(of, wrt, problems=(found,))
    output, source = found
    count = source.numel()
    full, shapes = (count, count), (tuple(source.shape), tuple(source.shape))
    if output.numel() != 1:
        text = f"{of} has {output.numel():,} entries: second derivatives are of a scalar."
        return Matrix(of, wrt, full, shapes=shapes, problems=(Problem(text, "autograd", of),))
    if no_room(0, 2 * passes(count), count, source.element_size()):
        text = (
            f"The Hessian of {of} by {wrt} is {count:,} × {count:,}: too large for the memory there is, even sampled."
        )
        return Matrix(of, wrt, full, shapes=shapes, problems=(Problem(text, "memory"),))
    try:
        function = Between(engine, *keys(engine, of, wrt))
        with quiet():
            values, rows = compute(lambda x: function(x).reshape(()), source.detach())
    except NoFunction as error:
        return Matrix(of, wrt, full, shapes=shapes, problems=(Problem(str(error), "autograd"),))
    except Exception as error:
        return Matrix(of, wrt, full, shapes=shapes, problems=(blamed(engine, of, error),))
    columns = rows if values.shape[1] == len(rows) else range(int(values.shape[1]))
    return Matrix(
        of, wrt, full, tuple(rows), tuple(columns), array_of(values), "forward", count, len(rows) < count, shapes
    )
