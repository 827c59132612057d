"""Curated rows: what a graph starts from."""

from __future__ import annotations

from typing import Final

from guigrad.ops.curate import row
from guigrad.ops.spec import OpSpec

_SIZE = ("-1",)

ROWS: Final[tuple[OpSpec, ...]] = (
    row("leaves", "tensor", "t", "A tensor of the numbers that you type. With requires_grad it is a leaf that collects a gradient.", glyph="[ ]",
        examples=("[0.1, 0.2]", "[[1.0, 2.0], [3.0, 4.0]], requires_grad=True", "3.0"), errors=("[[1.0], [2.0, 3.0]]", "[1, 2], requires_grad=True", "'a'"),
        aliases="leaf, constant tensor, variable, data"),
    row("leaves", "randn", "t", "Random numbers from the normal distribution with mean 0 and variance 1.", glyph="~N", examples=("5", "2, 3", "(2, 3), requires_grad=True"),
        errors=_SIZE, aliases="random, normal, gauss"),
    row("leaves", "Parameter", "torch.nn.Parameter", "A leaf that requires grad, as a layer's weight does.", glyph="w", examples=("randn(3)",),
        errors=("[1.0, 2.0]", "arange(3)"), aliases="parameter, weight"),
    row("leaves", "literal", "python.literal", "A Python number, text or truth value. It is never a tensor and gets no gradient.", glyph="2", examples=("2", "0.1"),
        aliases="number, num, const, const num, constant, scalar, value, float, int"),
    row("leaves", "rand", "t", "Random numbers, each equally likely between 0 and 1.", glyph="~U", examples=("5", "2, 3"), errors=_SIZE, aliases="random, uniform"),
    row("leaves", "zeros", "t", "Filled with 0.", glyph="0", examples=("5", "2, 3"), errors=_SIZE),
    row("leaves", "ones", "t", "Filled with 1.", glyph="1", examples=("5", "2, 3"), errors=_SIZE),
    row("leaves", "full", "t", "Filled with one number.", glyph="c", examples=("(2, 3), 0.5",), errors=("(-1,), 0.5", "2, 3"), aliases="fill, constant tensor"),
    row("leaves", "arange", "t", "Numbers from start up to, but without, end, a step apart.", glyph="0…n", examples=("5", "1.0, 2.0, 0.25"), errors=("5, 0", "0, 5, 0"),
        aliases="range, count"),
    row("leaves", "linspace", "t", "Evenly spaced numbers from start to end, both included.", glyph="⋯", examples=("0, 1, 5",), errors=("0, 1, -5", "0, 1"), aliases="grid, even"),
    row("leaves", "logspace", "t", "Numbers whose logarithms are evenly spaced.", glyph="⋯", examples=("0, 2, 3",), errors=("0, 2, -3",)),
    row("leaves", "eye", "t", "The identity matrix: 1 on the diagonal, 0 elsewhere.", glyph="I", examples=("3", "2, 3"), errors=_SIZE, aliases="identity, unit matrix"),
    row("leaves", "randint", "t", "Random whole numbers from low up to, but without, high.", glyph="~Z", examples=("0, 10, (3,)", "10, (2, 2)"), errors=("5, 5, (3,)", "10, 3"),
        aliases="random, integer, dice"),
    row("leaves", "randperm", "t", "The whole numbers below n in random order.", glyph="~π", examples=("5",), errors=_SIZE, aliases="random, permutation, shuffle"),
    row("leaves", "normal", "t", "Random numbers from normal distributions with given means and standard deviations.", glyph="~N",
        examples=("0.0, 1.0, (2, 3)", "zeros(3), ones(3)"), errors=("0.0, -1.0, (2,)",), aliases="random, gauss"),
    row("leaves", "bernoulli", "tm", "Draws 1 with the given probability, else 0. No gradient flows through the draw.", vjp={"self": "zeros_like(self)"}, glyph="0/1",
        tex=r"\bar{x} = 0", examples=("rand(3)",), errors=("ones(3) * 2",), aliases="random, coin"),
    row("leaves", "multinomial", "tm", "Draws indices with probabilities in proportion to weights.", glyph="~p", examples=("rand(4), 2",), errors=("ones(2), 3", "-ones(2), 1"),
        aliases="random, sample, categorical"),
    row("leaves", "zeros_like", "t", "Zeros in the shape and dtype of another tensor.", glyph="0", examples=("randn(2, 3)",), errors=("3",)),
    row("leaves", "ones_like", "t", "Ones in the shape and dtype of another tensor.", glyph="1", examples=("randn(2, 3)",), errors=("3",)),
    row("leaves", "full_like", "t", "One number in the shape and dtype of another tensor.", glyph="c", examples=("randn(2, 3), 0.5",), errors=("3, 0.5",)),
    row("leaves", "rand_like", "t", "Random numbers between 0 and 1 in the shape and dtype of another tensor.", glyph="~U", examples=("randn(2, 3)",), errors=("3",)),
    row("leaves", "randn_like", "t", "Normal random numbers in the shape and dtype of another tensor.", glyph="~N", examples=("randn(2, 3)",), errors=("3", "arange(3)")),
)  # fmt: skip
