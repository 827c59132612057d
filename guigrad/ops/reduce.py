"""Curated rows: many numbers to fewer, and running totals."""

from __future__ import annotations

from typing import Final

from guigrad.ops.curate import row
from guigrad.ops.spec import OpSpec

_DIM = ("randn(2, 3), 5",)
"""A dimension that is not there."""

_EXAMPLES = ("randn(2, 3)", "randn(2, 3), 1", "randn(2, 3), 0, keepdim=True")

ROWS: Final[tuple[OpSpec, ...]] = (
    row("reduce", "sum", "mt", "Adds up all elements, or those along dim. Every element gets the gradient of its sum.", glyph="Σ",
        vjp={"self": "spread(g, self, dim, keepdim)"}, tex=r"\bar{x}_i = g", examples=_EXAMPLES, errors=_DIM, aliases="add up, total, sigma"),
    row("reduce", "mean", "mt", "The average of all elements, or of those along dim. Every element gets g divided by their number.", glyph="x̄",
        vjp={"self": "spread(g, self, dim, keepdim) * out.numel() / self.numel()"}, tex=r"\bar{x}_i = \frac{g}{n}", examples=_EXAMPLES,
        errors=(*_DIM, "tensor([1, 2])"), aliases="average"),
    row("reduce", "max", "mt", "The largest element, or the largest along dim with its index. Only the largest gets the gradient; all over, ties share it.", glyph="max",
        vjp={"self": "spread(g, self, dim, keepdim) * winners(self, out, dim, keepdim)"}, tex=r"\bar{x}_i = g\,[i = \arg\max x]", examples=_EXAMPLES, errors=_DIM,
        aliases="maximum, largest"),
    row("reduce", "min", "mt", "The smallest element, or the smallest along dim with its index. Only the smallest gets the gradient; all over, ties share it.", glyph="min",
        vjp={"self": "spread(g, self, dim, keepdim) * winners(self, out, dim, keepdim)"}, tex=r"\bar{x}_i = g\,[i = \arg\min x]", examples=_EXAMPLES, errors=_DIM,
        aliases="minimum, smallest"),
    row("reduce", "norm", "mtl", "The length of a vector: the root of the sum of squares.", glyph="||x||", vjp={"self": "spread(g / out, self, dim, keepdim) * self"},
        tex=r"\bar{x} = g\,\frac{x}{\lVert x\rVert}", examples=("randn(3)", "randn(2, 3), dim=1"), errors=("randn(2, 3), dim=5",), aliases="length, magnitude, l2, frobenius"),
    row("reduce", "vector_norm", "l", "The p-norm of a vector (the 2-norm unless ord says otherwise).", glyph="||x||p",
        vjp={"x": "spread(g * out ** (1 - ord), x, dim, keepdim) * abs(x) ** (ord - 1) * sign(x)"}, tex=r"\bar{x} = g\,\frac{|x|^{p-1}\operatorname{sign} x}{\lVert x\rVert^{p-1}}",
        examples=("randn(3)", "randn(2, 3), 3, 1"), errors=("randn(2, 3), 2, 5",)),
    row("reduce", "prod", "mt", "Multiplies all elements, or those along dim.", glyph="Π", vjp={"self": "spread(g * out, self, dim, keepdim) / self"},
        tex=r"\bar{x}_i = g \prod_{j\ne i} x_j", examples=("rand(2, 3) + 0.5", "rand(2, 3) + 0.5, 1"), errors=_DIM, aliases="product, multiply all"),
    row("reduce", "var", "mt", "The variance; divided by n − 1 unless correction says otherwise.", glyph="σ²",
        vjp={"self": "2 * spread(g, self, dim, keepdim) * (self - average(self, dim)) / (self.numel() / out.numel() - 1)"},
        tex=r"\bar{x}_i = \frac{2g\,(x_i - \bar{x})}{n-1}", examples=_EXAMPLES, errors=_DIM, aliases="variance"),
    row("reduce", "std", "mt", "The standard deviation: the root of the variance.", glyph="σ",
        vjp={"self": "spread(g / out, self, dim, keepdim) * (self - average(self, dim)) / (self.numel() / out.numel() - 1)"},
        tex=r"\bar{x}_i = \frac{g\,(x_i - \bar{x})}{(n-1)\,\sigma}", examples=_EXAMPLES, errors=_DIM, aliases="standard deviation"),
    row("reduce", "amax", "mt", "The largest along dim, without index. Ties share the gradient.", glyph="max",
        vjp={"self": "spread(g, self, dim, keepdim) * winners(self, out, dim, keepdim)"}, tex=r"\bar{x}_i = g\,[x_i = \max x] / \text{ties}",
        examples=("randn(2, 3)", "randn(2, 3), 1", "ones(2, 3), 1"), errors=_DIM),
    row("reduce", "amin", "mt", "The smallest along dim, without index. Ties share the gradient.", glyph="min",
        vjp={"self": "spread(g, self, dim, keepdim) * winners(self, out, dim, keepdim)"}, tex=r"\bar{x}_i = g\,[x_i = \min x] / \text{ties}",
        examples=("randn(2, 3)", "randn(2, 3), 1", "ones(2, 3), 1"), errors=_DIM),
    row("reduce", "median", "mt", "The middle one in order (the lower of two). Only it gets the gradient.", glyph="med",
        vjp={"self": "spread(g, self, dim, keepdim) * winners(self, out, dim, keepdim)"}, tex=r"\bar{x}_i = g\,[x_i = \operatorname{med} x]",
        examples=("randn(5)", "randn(2, 3), 1"), errors=_DIM),
    row("reduce", "logsumexp", "mt", "The logarithm of the sum of exponentials: a soft maximum. The gradient is the softmax.", glyph="lse",
        vjp={"self": "spread(g, self, dim, keepdim) * softmax(self, dim)"}, tex=r"\bar{x} = g\,\operatorname{softmax}(x)",
        examples=("randn(2, 3), 1", "randn(2, 3), 0, keepdim=True"), errors=("randn(2, 3), 5", "randn(2, 3)"), aliases="soft maximum"),
    row("reduce", "cumsum", "mt", "Running totals along dim. An element gets the gradients of every total from its own on.", glyph="Σ↦",
        vjp={"self": "g.flip(dim).cumsum(dim).flip(dim)"}, tex=r"\bar{x}_i = \sum_{j\ge i} g_j", examples=("randn(2, 3), 1",), errors=(*_DIM, "randn(3)"), aliases="running total, cumulative sum"),
    row("reduce", "cumprod", "mt", "Running products along dim.", glyph="Π↦", vjp={"self": "(g * out).flip(dim).cumsum(dim).flip(dim) / self"},
        tex=r"\bar{x}_i = \frac{1}{x_i}\sum_{j\ge i} g_j\,\text{out}_j", examples=("rand(2, 3) + 0.5, 1",), errors=(*_DIM, "randn(3)"), aliases="cumulative product"),
    row("reduce", "argmax", "mt", "Where the largest stands. An index has no gradient.", glyph="arg↑", examples=("randn(2, 3)", "randn(2, 3), 1"), errors=_DIM, aliases="index of maximum, predict"),
    row("reduce", "argmin", "mt", "Where the smallest stands. An index has no gradient.", glyph="arg↓", examples=("randn(2, 3)", "randn(2, 3), 1"), errors=_DIM, aliases="index of minimum"),
    row("reduce", "any", "mt", "Whether one is true.", glyph="∃", examples=("tensor([True, False])",), errors=("tensor([True]), 5",)),
    row("reduce", "all", "mt", "Whether every one is true.", glyph="∀", examples=("tensor([True, False])",), errors=("tensor([True]), 5",)),
    row("reduce", "count_nonzero", "mt", "How many are not 0.", glyph="#", examples=("tensor([0, 1, 2])",), errors=_DIM),
    row("reduce", "sort", "mt", "In order along dim, with the indices. Each gradient goes back to where its number came from.", glyph="↑↓",
        vjp={"self": "zeros_like(self).scatter(-1, outputs[1], g)"}, tex=r"\bar{x}_{\pi(i)} = g_i", examples=("randn(2, 3)", "randn(5), descending=True"), errors=_DIM, aliases="order, rank"),
    row("reduce", "topk", "mt", "The k largest along dim, with their indices. The others get no gradient.", glyph="top",
        vjp={"self": "zeros_like(self).scatter(-1, outputs[1], g)"}, tex=r"\bar{x}_{\pi(i)} = g_i", examples=("randn(2, 5), 2",), errors=("randn(3), 5",), aliases="largest, best"),
)  # fmt: skip
