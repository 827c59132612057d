"""The helpers that the ``vjp`` texts of the curated rows are written in, and a namespace to evaluate them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def unbroadcast(g: Tensor, like: Tensor) -> Tensor:
    """g summed over what broadcasting repeated."""
    return g.sum_to_size(like.shape) if isinstance(like, Tensor) else g  # a Python number gets no gradient


def spread(g: Tensor, like: Tensor, dim: Any = None, keepdim: bool | None = False) -> Tensor:
    """What a reduction took away, put back: every element gets its own group's number."""
    if dim is None or dim == []:
        return g.expand_as(like) if g.dim() == 0 else g.expand(like.shape)
    for at in sorted(d % like.dim() for d in ([dim] if isinstance(dim, int) else dim)):
        g = g if keepdim else g.unsqueeze(at)
    return g.expand_as(like)


def winners(x: Tensor, out: Tensor, dim: Any = None, keepdim: bool | None = False) -> Tensor:
    """1 where an element is the chosen one, shared among ties."""
    hits = (x == spread(out, x, dim, keepdim)).to(x.dtype)
    return hits / (hits.sum() if dim is None or dim == [] else hits.sum(dim, keepdim=True))


def average(x: Tensor, dim: Any = None) -> Tensor:
    return x.mean() if dim is None else x.mean(dim, keepdim=True)


def larger(a: Tensor, b: Tensor) -> Tensor:
    return (a > b) + 0.5 * (a == b)


def matmul_left(g: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The gradient of a in a @ b, vectors and stacks included."""
    if b.dim() == 1:
        return g.unsqueeze(-1) * b
    back = g.unsqueeze(-2) @ b.mT if a.dim() == 1 else g @ b.mT
    return unbroadcast(back.reshape(back.shape[:-2] + back.shape[-1:]) if a.dim() == 1 else back, a)


def matmul_right(g: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The gradient of b in a @ b."""
    if b.dim() == 1:
        return (a * g.unsqueeze(-1)).reshape(-1, b.shape[0]).sum(0)
    return unbroadcast(a.unsqueeze(-1) @ g.unsqueeze(-2) if a.dim() == 1 else a.mT @ g, b)


def einsum_vjp(g: Tensor, equation: str, operands: Sequence[Tensor]) -> list[Tensor]:
    """For two operands: the letters of the other one and of the result, summed to one's own."""
    (a, b), result = equation.split("->")[0].split(","), equation.split("->")[1]
    return [torch.einsum(f"{result},{b}->{a}", g, operands[1]), torch.einsum(f"{result},{a}->{b}", g, operands[0])]


def kron_blocks(g: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The Kronecker product's gradient with the indices (row of a, row of b, column of a, column of b)."""
    return g.reshape(a.shape[0], b.shape[0], a.shape[1], b.shape[1])


def power_vjp(g: Tensor, a: Tensor, n: int) -> Tensor:
    powers = torch.linalg.matrix_power
    return sum((powers(a, k).mT @ g @ powers(a, n - 1 - k).mT for k in range(n)), torch.zeros_like(a))


def cdist_vjp(g: Tensor, a: Tensor, b: Tensor) -> Tensor:
    away = a.unsqueeze(1) - b.unsqueeze(0)
    return (g.unsqueeze(-1) * away / away.norm(dim=-1, keepdim=True)).sum(1)


def cosine_vjp(g: Tensor, a: Tensor, b: Tensor, out: Tensor, dim: int) -> Tensor:
    long = a.norm(dim=dim, keepdim=True)
    return g.unsqueeze(dim) / long * (b / b.norm(dim=dim, keepdim=True) - out.unsqueeze(dim) * a / long)


def cosine_loss_vjp(g: Tensor, a: Tensor, b: Tensor, target: Tensor, margin: float) -> Tensor:
    out = F.cosine_similarity(a, b)
    return cosine_vjp(g * torch.where(target == 1, -1.0, 1.0 * (out > margin)), a, b, out, 1)


def softmax_vjp(g: Tensor, p: Tensor, dim: int) -> Tensor:
    return p * (g - (g * p).sum(dim, keepdim=True))


def attention(query: Tensor, key: Tensor) -> Tensor:
    return torch.softmax(query @ key.mT / query.shape[-1] ** 0.5, -1)


def _dims(shape: Any) -> Any:
    return 0 if shape == 0 else tuple(range(-len(shape), 0))


def normalise(x: Tensor, shape: Any, eps: float) -> Tensor:
    """x with mean 0 and variance 1 over the last dimensions of this shape (over the batch for 0)."""
    dims = _dims(shape)
    return (x - x.mean(dims, keepdim=True)) / (x.var(dims, keepdim=True, correction=0) + eps).sqrt()


def layer_norm_vjp(g: Tensor, x: Tensor, shape: Any, weight: Tensor | None, eps: float) -> Tensor:
    g = g if weight is None else g * weight
    dims, y = _dims(shape), normalise(x, shape, eps)
    scale = (x.var(dims, keepdim=True, correction=0) + eps).rsqrt()
    return scale * (g - g.mean(dims, keepdim=True) - y * (g * y).mean(dims, keepdim=True))


def batch_norm_vjp(g: Tensor, x: Tensor, weight: Tensor | None, eps: float) -> Tensor:
    return layer_norm_vjp(g, x, 0, weight, eps)


def rms_norm_vjp(g: Tensor, x: Tensor, weight: Tensor, eps: float) -> Tensor:
    scale = (x.square().mean(-1, keepdim=True) + eps).rsqrt()
    y, g = x * scale, g * weight
    return scale * (g - y * (g * y).mean(-1, keepdim=True))


def repeat_vjp(g: Tensor, x: Tensor) -> Tensor:
    while g.dim() > x.dim():
        g = g.sum(0)
    for dim, size in enumerate(x.shape):
        g = g.unflatten(dim, (-1, size)).sum(dim)
    return g


def avg_pool_vjp(g: Tensor, x: Tensor, kernel: int, stride: int | None, padding: int) -> Tensor:
    channels = x.shape[1]
    weight = g.new_full((channels, 1, kernel, kernel), 1 / kernel**2)
    return torch.nn.grad.conv2d_input(x.shape, weight, g, stride or kernel, padding, groups=channels)


def adaptive_pool_vjp(g: Tensor, x: Tensor) -> Tensor:
    """Where the sizes divide: every element gets its window's share."""
    down, across = x.shape[-2] // g.shape[-2], x.shape[-1] // g.shape[-1]
    return g.repeat_interleave(down, -2).repeat_interleave(across, -1) / (down * across)


def each(g: Tensor, out: Tensor, reduction: str, like: Tensor) -> Tensor:
    """Every element's part of a loss's gradient."""
    return g / like.numel() if reduction == "mean" else g


def per_sample(g: Tensor, reduction: str, target: Tensor) -> Tensor:
    return g / target.numel() if reduction == "mean" else g


def triplet_vjp(g: Tensor, a: Tensor, p: Tensor, n: Tensor, margin: float, eps: float, reduction: str) -> list[Tensor]:
    near, far = a - p + eps, a - n + eps
    to_p, to_n = near / near.norm(dim=1, keepdim=True), far / far.norm(dim=1, keepdim=True)
    active = (near.norm(dim=1) - far.norm(dim=1) + margin > 0).unsqueeze(1) * per_sample(g, reduction, a[:, 0])
    return [active * (to_p - to_n), -active * to_p, active * to_n]


def symmetric(a: Tensor) -> Tensor:
    return (a + a.mT) / 2


def index_put(x: Tensor, index: Any, g: Tensor) -> Tensor:
    return x.index_put((index,), g, accumulate=True) if isinstance(index, Tensor) else x.__setitem__(index, g) or x


def namespace() -> dict[str, Any]:
    """torch's functions by their bare names, math, and the helpers above."""
    names = {name: getattr(torch, name) for name in dir(torch) if not name.startswith("_")}
    names |= {name: getattr(F, name) for name in dir(F) if not name.startswith("_")}
    names |= {name: value for name, value in globals().items() if not name.startswith("_") and callable(value)}
    return names | {"math": math, "nn": torch.nn, "linalg": torch.linalg, "slice": slice, "len": len, "range": range}
