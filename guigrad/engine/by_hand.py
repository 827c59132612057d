"""What schemas, signatures and docstrings do not tell about torch's callables."""

from __future__ import annotations

from typing import Final

HAND: Final[dict[str, tuple[str, ...]]] = {
    "torch.einsum": ("equation: str, *operands: Tensor[]) -> Tensor",),
    "torch.tensordot": ("a: Tensor, b: Tensor, dims: any = 2) -> Tensor",),
    "torch.block_diag": ("*tensors: Tensor[]) -> Tensor",),
    "torch.cartesian_prod": ("*tensors: Tensor[]) -> Tensor",),
    "torch.broadcast_tensors": ("*tensors: Tensor[]) -> Tensor[]",),
    "torch.meshgrid": ("*tensors: Tensor[], indexing: str? = None) -> Tensor[]",),
    "torch.chain_matmul": ("*matrices: Tensor[]) -> Tensor",),
    "torch.split": ("tensor: Tensor, split_size_or_sections: int|int[], dim: int = 0) -> Tensor[]",),
    "torch.Tensor.split": ("self: Tensor, split_size: int|int[], dim: int = 0) -> Tensor[]",),
    "torch.unique": (
        "input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int? = None) -> any",
    ),
    "torch.Tensor.unique": (
        "self: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int? = None) -> any",
    ),
    "torch.unique_consecutive": (
        "input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int? = None) -> any",
    ),
    "torch.Tensor.unique_consecutive": (
        "self: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int? = None) -> any",
    ),
    "torch.norm": ("input: Tensor, p: float|str = 'fro', dim: int?|int[]? = None, keepdim: bool = False, *, dtype: dtype? = None) -> Tensor",),
    "torch.Tensor.norm": ("self: Tensor, p: float|str = 'fro', dim: int?|int[]? = None, keepdim: bool = False, dtype: dtype? = None) -> Tensor",),
    "torch.unravel_index": ("indices: Tensor, shape: int|int[]) -> Tensor[]",),
    "torch.Tensor.unflatten": ("self: Tensor, dim: int, sizes: int[]) -> Tensor",),
    "torch.Tensor.index_put": ("self: Tensor, indices: Tensor?[], values: Tensor, accumulate: bool = False) -> Tensor",),
    "torch.svd_lowrank": ("A: Tensor, q: int? = 6, niter: int? = 2, M: Tensor? = None) -> Tensor, Tensor, Tensor",),
    "torch.pca_lowrank": ("A: Tensor, q: int? = None, center: bool = True, niter: int = 2) -> Tensor, Tensor, Tensor",),
    "torch.lu": ("A: Tensor, pivot: bool = True, get_infos: bool = False) -> Tensor, Tensor",),
    "torch.Tensor.lu": ("self: Tensor, pivot: bool = True, get_infos: bool = False) -> Tensor, Tensor",),
    **{f"torch.atleast_{n}d": ("*tensors: Tensor[]) -> any",) for n in (1, 2, 3)},
    "torch.normal": (
        "mean: Tensor|float, std: Tensor|float = 1, *, generator: Generator? = None) -> Tensor",
        "mean: float, std: float, size: int[], *, generator: Generator? = None, dtype: dtype? = None, layout: layout? = None, "
        "device: device? = None, pin_memory: bool? = None, requires_grad: bool = False) -> Tensor",
    ),
    **{
        f"torch.nn.functional.{name}": (
            "input: Tensor, size: int?|int[]? = None, scale_factor: float?|float[]? = None, mode: str = 'nearest', "
            f"align_corners: bool? = None{more}) -> Tensor",
        )
        for name, more in (("interpolate", ", recompute_scale_factor: bool? = None, antialias: bool = False"), ("upsample", ""))
    },
    **{
        f"{owner}.nonzero": ("self: Tensor) -> Tensor", "self: Tensor, *, as_tuple: bool) -> any")
        for owner in ("torch", "torch.Tensor")
    },
    **{
        f"torch.nn.functional.adaptive_{kind}_pool{n}d": (
            f"input: Tensor, output_size: int?[{n}]) -> Tensor",
            *((f"input: Tensor, output_size: int?[{n}], return_indices: bool) -> any",) if kind == "max" else ()),
        )
        for kind in ("avg", "max")
        for n in (1, 2, 3)
    },
    **{
        f"torch.nn.functional.adaptive_max_pool{n}d_with_indices": (
            f"input: Tensor, output_size: int?[{n}], return_indices: bool = False) -> Tensor, Tensor",
        )
        for n in (1, 2, 3)
    },
    "torch.nn.functional.unfold": (
        "input: Tensor, kernel_size: int[2], dilation: int[2] = 1, padding: int[2] = 0, stride: int[2] = 1) -> Tensor",
    ),
    "torch.nn.functional.fold": (
        "input: Tensor, output_size: int[2], kernel_size: int[2], dilation: int[2] = 1, padding: int[2] = 0, stride: int[2] = 1) "
        "-> Tensor",
    ),
    **{
        f"torch.signal.windows.general_{name}": (
            f"M: int, *, {first}, sym: bool = True, dtype: dtype? = None, layout: layout = torch.strided, device: device? = None, "
            "requires_grad: bool = False) -> Tensor",
        )
        for name, first in (("cosine", "a: float[]"), ("hamming", "alpha: float = 0.54"))
    },
    "torch.nn.functional.ctc_loss": (
        "log_probs: Tensor, targets: Tensor, input_lengths: Tensor|int[], target_lengths: Tensor|int[], blank: int = 0, "
        "reduction: str = 'mean', zero_infinity: bool = False) -> Tensor",
    ),
    "torch.nn.functional.gaussian_nll_loss": (
        "input: Tensor, target: Tensor, var: Tensor|float, full: bool = False, eps: float = 1e-06, reduction: str = 'mean') -> Tensor",
    ),
}  # fmt: skip
"""Callables whose Python signature or schema says less, or something else, than what they take."""

RANDOM: Final = frozenset(
    [
        "dropout",
        "dropout1d",
        "dropout2d",
        "dropout3d",
        "alpha_dropout",
        "feature_alpha_dropout",
        "gumbel_softmax",
        "rrelu",
        "rrelu_",
        "fractional_max_pool2d",
        "fractional_max_pool3d",
        "fractional_max_pool2d_with_indices",
        "fractional_max_pool3d_with_indices",
        "multi_head_attention_forward",
        "scaled_dot_product_attention",
        "svd_lowrank",
        "pca_lowrank",
        "kaiming_normal_",
        "kaiming_uniform_",
        "normal_",
        "orthogonal_",
        "sparse_",
        "trunc_normal_",
        "uniform_",
        "xavier_normal_",
        "xavier_uniform_",
        "exponential_",
        "geometric_",
        "log_normal_",
        "cauchy_",
        "random_",
        "bernoulli_",
        "normal",
    ]
)
"""Last names of what draws random numbers without a schema that says so."""
