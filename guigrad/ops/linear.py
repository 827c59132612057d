"""Curated rows: matrices."""

from __future__ import annotations

from typing import Final

from guigrad.ops.curate import row
from guigrad.ops.spec import OpSpec

_SQUARE = ("randn(2, 3)",)

ROWS: Final[tuple[OpSpec, ...]] = (
    row("linear algebra", "mm", "tm", "The product of two matrices.", glyph="@", vjp={"self": "g @ mat2.mT", "mat2": "self.mT @ g"},
        tex=r"\bar{A} = G B^\top,\quad \bar{B} = A^\top G", examples=("randn(2, 3), randn(3, 4)",), errors=("randn(2, 3), randn(2, 3)", "randn(3), randn(3)"), aliases="matrix multiply"),
    row("linear algebra", "bmm", "tm", "The products of two stacks of matrices.", glyph="@@", vjp={"self": "g @ mat2.mT", "mat2": "self.mT @ g"},
        tex=r"\bar{A}_b = G_b B_b^\top,\quad \bar{B}_b = A_b^\top G_b", examples=("randn(5, 2, 3), randn(5, 3, 4)",), errors=("randn(5, 2, 3), randn(4, 3, 4)", "randn(2, 3), randn(3, 4)"),
        aliases="batch matrix multiply"),
    row("linear algebra", "mv", "tm", "A matrix times a vector.", glyph="A·x", vjp={"self": "outer(g, vec)", "vec": "self.mT @ g"},
        tex=r"\bar{A} = g x^\top,\quad \bar{x} = A^\top g", examples=("randn(2, 3), randn(3)",), errors=("randn(2, 3), randn(2)",), aliases="matrix vector"),
    row("linear algebra", "dot", "tm", "The sum of the products of two vectors' elements.", glyph="·", vjp={"self": "g * tensor", "tensor": "g * self"},
        tex=r"\bar{a} = g\,b,\quad \bar{b} = g\,a", examples=("randn(3), randn(3)",), errors=("randn(3), randn(4)", "randn(2, 2), randn(2, 2)"), aliases="inner product, scalar product"),
    row("linear algebra", "outer", "tm", "Every product of an element of one vector with one of another, as a matrix.", glyph="⊗", vjp={"self": "g @ vec2", "vec2": "g.mT @ self"},
        tex=r"\bar{a} = G b,\quad \bar{b} = G^\top a", examples=("randn(2), randn(3)",), errors=("randn(2, 2), randn(3)",), aliases="outer product"),
    row("linear algebra", "addmm", "tm", "A matrix product plus a matrix: a linear layer in one step.", glyph="+@",
        vjp={"self": "beta * unbroadcast(g, self)", "mat1": "alpha * g @ mat2.mT", "mat2": "alpha * mat1.mT @ g"},
        tex=r"\bar{C} = \beta G,\quad \bar{A} = \alpha G B^\top,\quad \bar{B} = \alpha A^\top G",
        examples=("randn(4), randn(2, 3), randn(3, 4)", "randn(2, 4), randn(2, 3), randn(3, 4), beta=0.5, alpha=2"), errors=("randn(4), randn(2, 3), randn(2, 4)",), aliases="affine"),
    row("linear algebra", "einsum", "t", "Sums over the letters that are missing behind the arrow.", glyph="Σ→",
        vjp={"operands": "einsum_vjp(g, equation, operands)"}, tex=r"\bar{A}_{ij} = \sum_k G_{ik} B_{jk}", examples=("'ij,jk->ik', randn(2, 3), randn(3, 4)", "'bi,bj->bij', randn(5, 2), randn(5, 3)"),
        errors=("'ij,jk->ik', randn(2, 3), randn(2, 3)", "'ij', randn(2, 3), randn(3)"), aliases="einstein, contraction, tensor product"),
    row("linear algebra", "tensordot", "t", "Sums over the last dims dimensions of one and the first of another.", glyph="⋯·",
        vjp={"a": "tensordot(g, b, ([1], [1]))", "b": "tensordot(a, g, ([0], [0]))"}, tex=r"\bar{A} = G B^\top", examples=("randn(2, 3), randn(3, 4), 1",), errors=("randn(2, 3), randn(2, 3), 1",)),
    row("linear algebra", "kron", "tm", "Every element of one matrix times the whole other matrix.", glyph="⊗",
        vjp={"self": "einsum('iakb,ab->ik', kron_blocks(g, self, other), other)", "other": "einsum('iakb,ik->ab', kron_blocks(g, self, other), self)"},
        tex=r"\bar{A}_{ik} = \sum_{ab} G_{ia,kb} B_{ab}", examples=("randn(2, 3), randn(2, 2)",), errors=("3, randn(2, 2)",), aliases="kronecker"),
    row("linear algebra", "cross", "l", "The vector at right angles to two others.", glyph="×", vjp={"self": "linalg.cross(other, g)", "other": "linalg.cross(g, self)"},
        tex=r"\bar{a} = b \times g,\quad \bar{b} = g \times a", examples=("randn(3), randn(3)", "randn(2, 3), randn(2, 3)"), errors=("randn(2), randn(2)",), aliases="cross product"),
    row("linear algebra", "trace", "mt", "The sum of the diagonal.", glyph="tr", vjp={"self": "g * eye(*self.shape)"}, tex=r"\bar{A} = g I", examples=("randn(3, 3)",), errors=("randn(3)",)),
    row("linear algebra", "det", "ltm", "The determinant.", glyph="|A|", vjp={"A": "g * out * inverse(A).mT"}, tex=r"\bar{A} = g\,\det(A)\,A^{-\top}", examples=("randn(3, 3)",), errors=_SQUARE,
        aliases="determinant"),
    row("linear algebra", "inv", "l torch.inverse torch.Tensor.inverse", "The inverse matrix.", glyph="1/A", vjp={"A": "-out.mT @ g @ out.mT"},
        tex=r"\bar{A} = -A^{-\top} G A^{-\top}", examples=("randn(3, 3)",), errors=(*_SQUARE, "zeros(2, 2)"), aliases="inverse"),
    row("linear algebra", "solve", "l", "The X with A X = B, without inverting A.", glyph="A\\B", vjp={"A": "-linalg.solve(A.mT, g) @ out.mT", "B": "linalg.solve(A.mT, g)"},
        tex=r"\bar{B} = A^{-\top} G,\quad \bar{A} = -\bar{B} X^\top", examples=("randn(3, 3), randn(3, 2)",), errors=("zeros(2, 2), randn(2, 1)", "randn(2, 3), randn(2, 1)"), aliases="linear system"),
    row("linear algebra", "logdet", "tm", "The logarithm of the determinant.", glyph="ln|A|", vjp={"self": "g * inverse(self).mT"}, tex=r"\bar{A} = g\,A^{-\top}",
        examples=("eye(3) + rand(3, 3) * 0.1",), errors=_SQUARE, aliases="log determinant"),
    row("linear algebra", "eigvalsh", "l", "The eigenvalues of a symmetric matrix.", glyph="λ", vjp={"A": "linalg.eigh(A).eigenvectors @ diag(g) @ linalg.eigh(A).eigenvectors.mT"},
        tex=r"\bar{A} = V \operatorname{diag}(g) V^\top", examples=("symmetric(randn(3, 3))",), errors=_SQUARE, aliases="eigenvalues, spectrum"),
    row("linear algebra", "svdvals", "l", "The singular values of a matrix.", glyph="σ", vjp={"A": "linalg.svd(A, False).U @ diag(g) @ linalg.svd(A, False).Vh"},
        tex=r"\bar{A} = U \operatorname{diag}(g) V^\top", examples=("randn(3, 2)",), errors=("randn(3)",), aliases="singular values"),
    row("linear algebra", "matrix_power", "ltm", "A matrix times itself n times.", glyph="A^n", vjp={"A": "power_vjp(g, A, n)"}, tex=r"\bar{A} = \sum_k (A^{k})^\top G (A^{n-1-k})^\top",
        examples=("randn(3, 3), 3",), errors=("randn(2, 3), 2",)),
    row("linear algebra", "cdist", "t", "The distance of every row of one to every row of another.", glyph="d", vjp={"x1": "cdist_vjp(g, x1, x2)", "x2": "cdist_vjp(g.mT, x2, x1)"},
        tex=r"\bar{a}_i = \sum_j g_{ij} \frac{a_i - b_j}{\lVert a_i - b_j\rVert}", examples=("randn(3, 2), randn(4, 2)",), errors=("randn(3, 2), randn(4, 3)",), aliases="distance"),
    row("linear algebra", "cosine_similarity", "tF", "The cosine of the angle between two vectors.", glyph="cos",
        vjp={"x1": "cosine_vjp(g, x1, x2, out, dim)", "x2": "cosine_vjp(g, x2, x1, out, dim)"}, tex=r"\bar{a} = \frac{g}{\lVert a\rVert}\left(\frac{b}{\lVert b\rVert} - \cos\,\frac{a}{\lVert a\rVert}\right)",
        examples=("randn(2, 3), randn(2, 3)", "randn(3), randn(3), 0"), errors=("randn(2, 3), randn(2, 4)",), aliases="angle, similarity"),
)  # fmt: skip
