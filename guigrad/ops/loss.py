"""Curated rows: how wrong a prediction is."""

from __future__ import annotations

from typing import Final

from guigrad.ops.curate import row
from guigrad.ops.spec import OpSpec

_PAIR = ("randn(2, 3), randn(2, 3)", "randn(2, 3), randn(2, 3), reduction='sum'")
_MISFIT = ("randn(2), randn(3)",)

ROWS: Final[tuple[OpSpec, ...]] = (
    row("loss", "mse_loss", "F", "The mean of squared differences.", glyph="Δ²", vjp={"input": "each(g, out, reduction, input) * 2 * (input - target)", "target": "each(g, out, reduction, input) * 2 * (target - input)"},
        tex=r"\bar{x} = \frac{2g}{n}(x - y)", examples=_PAIR, errors=_MISFIT, aliases="mean squared error, l2, regression"),
    row("loss", "cross_entropy", "F", "How surprised a softmax of the logits is by the right class. Its gradient is softmax − one-hot.", glyph="−ln p",
        vjp={"input": "per_sample(g, reduction, target) * (softmax(input, 1) - one_hot(target, input.shape[1]))"}, tex=r"\bar{x} = \frac{g}{N}\left(\operatorname{softmax}(x) - \text{onehot}(y)\right)",
        examples=("randn(2, 3), tensor([0, 2])", "randn(2, 3), tensor([0, 2]), reduction='sum'"), errors=("randn(2, 3), tensor([0, 5])", "randn(2, 3), tensor([0, 1, 2])"), aliases="classification, softmax loss, log loss"),
    row("loss", "nll_loss", "F", "Minus the log-probability of the right class (after log_softmax).", glyph="−ln p",
        vjp={"input": "-per_sample(g, reduction, target) * one_hot(target, input.shape[1])"}, tex=r"\bar{x} = -\frac{g}{N}\,\text{onehot}(y)",
        examples=("log_softmax(randn(2, 3), 1), tensor([0, 2])", "log_softmax(randn(2, 3), 1), tensor([0, 2]), reduction='sum'"), errors=("randn(2, 3), tensor([0, 5])",), aliases="negative log likelihood, classification"),
    row("loss", "l1_loss", "F", "The mean of absolute differences.", glyph="|Δ|", vjp={"input": "each(g, out, reduction, input) * sign(input - target)", "target": "each(g, out, reduction, input) * sign(target - input)"},
        tex=r"\bar{x} = \frac{g}{n}\operatorname{sign}(x-y)", examples=_PAIR, errors=_MISFIT, aliases="mean absolute error, mae"),
    row("loss", "binary_cross_entropy", "F", "How surprised a probability is by a yes or no.", glyph="−ln p",
        vjp={"input": "each(g, out, reduction, input) * (input - target) / (input * (1 - input))", "target": "each(g, out, reduction, input) * (log(1 - input) - log(input))"},
        tex=r"\bar{p} = \frac{g}{n}\,\frac{p-y}{p(1-p)}", examples=("rand(3) * 0.8 + 0.1, rand(3)",), errors=("rand(2), rand(3)", "randn(3) + 9, rand(3)"), aliases="bce, logistic, classification"),
    row("loss", "binary_cross_entropy_with_logits", "F", "The same from the number before the sigmoid, without overflow. Its gradient is sigmoid − target.", glyph="−ln σ",
        vjp={"input": "each(g, out, reduction, input) * (sigmoid(input) - target)", "target": "-each(g, out, reduction, input) * input"}, tex=r"\bar{x} = \frac{g}{n}(\sigma(x) - y)",
        examples=("randn(3), rand(3)",), errors=_MISFIT, aliases="bce, logits, classification"),
    row("loss", "smooth_l1_loss", "F", "Squared where the difference is small, absolute where it is large.", glyph="|δ|",
        vjp={"input": "each(g, out, reduction, input) * clamp((input - target) / beta, -1, 1)", "target": "-each(g, out, reduction, input) * clamp((input - target) / beta, -1, 1)"},
        tex=r"\bar{x} = \frac{g}{n}\operatorname{clamp}\!\left(\tfrac{x-y}{\beta},-1,1\right)", examples=_PAIR, errors=_MISFIT, aliases="huber, robust, regression"),
    row("loss", "huber_loss", "F", "Squared where the difference is below delta, straight beyond.", glyph="|δ|",
        vjp={"input": "each(g, out, reduction, input) * clamp(input - target, -delta, delta)", "target": "-each(g, out, reduction, input) * clamp(input - target, -delta, delta)"},
        tex=r"\bar{x} = \frac{g}{n}\operatorname{clamp}(x-y,-\delta,\delta)", examples=_PAIR, errors=_MISFIT, aliases="robust, regression"),
    row("loss", "kl_div", "F", "How far one distribution is from another; the input is log-probabilities.", glyph="KL",
        vjp={"input": "-each(g, out, reduction, input) * target", "target": "each(g, out, reduction, input) * (log(target) + 1 - input)"}, tex=r"\bar{x} = -\frac{g}{n}\,y",
        examples=("log_softmax(randn(2, 3), 1), softmax(randn(2, 3), 1), reduction='sum'",), errors=("randn(2), randn(3), reduction='sum'",), aliases="kullback leibler, divergence"),
    row("loss", "poisson_nll_loss", "F", "For counts: eˣ − y·x.", glyph="Po", vjp={"input": "each(g, out, reduction, input) * (exp(input) - target)", "target": "-each(g, out, reduction, input) * input"},
        tex=r"\bar{x} = \frac{g}{n}(e^x - y)", examples=("randn(3), rand(3)",), errors=_MISFIT, aliases="counts, poisson"),
    row("loss", "soft_margin_loss", "F", "log(1 + e^(−y·x)) for labels −1 and 1.", glyph="ln(1+e)", vjp={"input": "-each(g, out, reduction, input) * target * sigmoid(-target * input)"},
        tex=r"\bar{x} = -\frac{g}{n}\,y\,\sigma(-yx)", examples=("randn(3), sign(randn(3))",), errors=_MISFIT, aliases="logistic, classification"),
    row("loss", "hinge_embedding_loss", "F", "x for label 1; what is missing to the margin for label −1.", glyph="hinge",
        vjp={"input": "each(g, out, reduction, input) * where(target == 1, 1.0, -1.0 * (input < margin))"}, tex=r"\bar{x} = \pm\frac{g}{n}", examples=("rand(4), tensor([1.0, -1.0, 1.0, -1.0])",), errors=_MISFIT,
        aliases="similarity, margin"),
    row("loss", "margin_ranking_loss", "F", "0 when the first is ranked above the second by the margin (label 1).", glyph="rank",
        vjp={"input1": "-each(g, out, reduction, input1) * target * (margin > target * (input1 - input2))", "input2": "each(g, out, reduction, input1) * target * (margin > target * (input1 - input2))"},
        tex=r"\bar{a} = -\frac{g}{n}\,y\,[y(a-b) < m]", examples=("randn(4), randn(4), tensor([1.0, -1.0, 1.0, -1.0])",), errors=("randn(2), randn(3), ones(2)",), aliases="rank, order"),
    row("loss", "cosine_embedding_loss", "F", "1 − cosine for label 1, the cosine for label −1.", glyph="cos",
        vjp={"input1": "cosine_loss_vjp(each(g, out, reduction, target), input1, input2, target, margin)", "input2": "cosine_loss_vjp(each(g, out, reduction, target), input2, input1, target, margin)"},
        tex=r"\bar{a} = \mp\frac{g}{n}\,\frac{\partial \cos\angle(a,b)}{\partial a}", examples=("randn(2, 3), randn(2, 3), tensor([1.0, -1.0])",), errors=("randn(2, 3), randn(2, 4), ones(2)",), aliases="similarity, angle"),
    row("loss", "triplet_margin_loss", "F", "0 when the anchor is nearer to the positive than to the negative by the margin.", glyph="△",
        vjp={"anchor": "triplet_vjp(g, anchor, positive, negative, margin, eps, reduction)[0]", "positive": "triplet_vjp(g, anchor, positive, negative, margin, eps, reduction)[1]",
             "negative": "triplet_vjp(g, anchor, positive, negative, margin, eps, reduction)[2]"},
        tex=r"\bar{p} = \frac{g}{n}\frac{p-a}{\lVert a-p\rVert}", examples=("randn(2, 3), randn(2, 3), randn(2, 3)",), errors=("randn(2, 3), randn(2, 4), randn(2, 3)",), aliases="metric, embedding"),
    row("loss", "gaussian_nll_loss", "F", "How surprised a normal distribution with this mean and variance is by the target.", glyph="N",
        vjp={"input": "each(g, out, reduction, input) * (input - target) / var", "target": "-each(g, out, reduction, input) * (input - target) / var", "var": "each(g, out, reduction, input) * (1 / var - (input - target) ** 2 / var**2) / 2"},
        tex=r"\bar{\mu} = \frac{g}{n}\,\frac{\mu-y}{\sigma^2}", examples=("randn(3), randn(3), rand(3) + 0.5",), errors=("randn(3), randn(3), -ones(3)",), aliases="gauss, uncertainty"),
)  # fmt: skip
