"""Two directions in the space of all that trains: random ones normalised by filters, or those of a trajectory. See Note [Landscape] in engine/landscape."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import torch
from torch.linalg import vector_norm

from guigrad.document.array import ArrayData
from guigrad.engine.objective import Wrong
from guigrad.engine.values import array_of, tensor_of
from guigrad.run.landscape import Plane

TINY = 1e-10


def random_plane(values: Mapping[str, torch.Tensor], seed: int, columns: Collection[str]) -> Plane:
    """Random directions through these values, by node id; ``columns``: those whose columns are units."""
    generator = torch.Generator().manual_seed(seed)
    found: tuple[list[ArrayData], ...] = ([], [], [])
    numbers = [value for value in values.values() if value.ndim == 0]
    size = math.hypot(*[float(value) for value in numbers])
    found[0].extend(map(_array, values.values()))
    for k in (1, 2):
        drawn = {key: torch.randn(value.shape, generator=generator) for key, value in values.items()}
        length = math.hypot(*[float(one) for one in drawn.values() if one.ndim == 0]) + TINY
        for key, value in values.items():
            one = drawn[key].to(value.device, value.dtype)
            along = normalised(one, value, key in columns) if value.ndim else one * (size / length)
            found[k].append(_array(along))
    return Plane(tuple(values), tuple(found[0]), tuple(found[1]), tuple(found[2]), columns=tuple(columns))


def pca_plane(values: Mapping[str, torch.Tensor], path: Mapping[str, ArrayData]) -> Plane:
    """The two directions in which a trajectory varies most, through these values; ``path`` holds its steps by node id."""
    if any(key not in path for key in values):
        raise Wrong("There is no trajectory yet: PCA directions are those of a training.", "Train some steps first.")
    rows = []
    for key, value in values.items():
        steps = tensor_of(path[key]).to(torch.float64)
        if steps.ndim < 1 or tuple(steps.shape[1:]) != tuple(value.shape):
            raise Wrong("The trajectory is of parameters of other shapes.", "Train some steps first.")
        rows.append(steps.reshape(len(steps), -1) - value.to("cpu", torch.float64).reshape(1, -1))
    away = torch.cat(rows, 1)
    if len(away) < 3 or not bool(torch.isfinite(away).all()):
        raise Wrong(
            "The trajectory has fewer than three finite steps: two directions need more.", "Train some steps first."
        )
    _, sizes, right = torch.linalg.svd(away, full_matrices=False)
    total = float((sizes**2).sum())
    if total <= 0 or sizes[1] <= 1e-9 * sizes[0]:
        raise Wrong("The trajectory is a straight line: it has one direction only.", "Take random directions.")
    found: tuple[list[ArrayData], ...] = ([], [], [])
    at = 0
    for value in values.values():
        found[0].append(_array(value))
        for k in (1, 2):
            part = right[k - 1, at : at + value.numel()].reshape(value.shape)
            found[k].append(_array(part.to(value.device, value.dtype)))
        at += value.numel()
    explained = (float(sizes[0] ** 2) / total, float(sizes[1] ** 2) / total)
    return Plane(tuple(values), tuple(found[0]), tuple(found[1]), tuple(found[2]), explained)


def normalised(drawn: torch.Tensor, value: torch.Tensor, columns: bool = False) -> torch.Tensor:
    """A direction whose units have the norms of the weights'. See Note [Landscape]. Source: Li et al., Visualizing the Loss Landscape of Neural Nets, 2018, section 4."""
    if value.ndim < 2:
        scaled: torch.Tensor = drawn * (vector_norm(value) / (vector_norm(drawn) + TINY))
        return scaled
    dims = [0] if columns else list(range(1, value.ndim))
    made: torch.Tensor = drawn * (
        vector_norm(value, dim=dims, keepdim=True) / (vector_norm(drawn, dim=dims, keepdim=True) + TINY)
    )
    return made


def flat(parts: Collection[tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]]) -> list[torch.Tensor]:
    """Both directions, and how far the leaves are from the origin, as vectors of double precision; a part is (leaf, origin, first, second)."""
    found: tuple[list[torch.Tensor], ...] = ([], [], [])
    for now, origin, along, across in parts:
        for vectors, values in zip(
            found, (_double(along), _double(across), _double(now) - _double(origin)), strict=True
        ):
            vectors.append(values)
    return [torch.cat(vectors) for vectors in found]


def check(first: torch.Tensor, second: torch.Tensor) -> None:
    """Raises: Wrong unless the directions span a plane."""
    sizes = float(first @ first) * float(second @ second)
    if not math.isfinite(sizes):
        raise Wrong(
            "The parameters are no longer finite: no directions lead from there.", "Go back to an earlier step."
        )
    if not sizes:
        raise Wrong(
            "All that trains is zero: directions of its size have no length.",
            "Train some steps first, or take two entries.",
        )
    if 1 - float(first @ second) ** 2 / sizes <= 1e-9:
        raise Wrong("The two directions are one and the same line.", "Draw others, or take two entries.")


def _double(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().to("cpu", torch.float64).reshape(-1)


def _array(tensor: torch.Tensor) -> ArrayData:
    made = array_of(tensor)
    if made is None:
        raise Wrong("A parameter is too large, or has no plain memory, to be moved along a direction.")
    return made
