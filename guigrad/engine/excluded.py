"""What the catalogue leaves out of torch's public names, each group with its reason: the review of the allow-list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXCLUDED: Final[Mapping[str, tuple[str, ...]]] = {
    "reads or writes files": (
        "torch.from_file",
        "torch.load",
        "torch.save",
        "torch.get_file_path",
        "torch.hub",
    ),
    "hands out or takes raw memory, so that a wrong call corrupts the process": (
        "torch.Tensor.const_data_ptr",
        "torch.Tensor.data_ptr",
        "torch.Tensor.is_set_to",
        "torch.Tensor.numpy",
        "torch.Tensor.record_stream",
        "torch.Tensor.set_",
        "torch.Tensor.share_memory_",
        "torch.Tensor.is_shared",
        "torch.Tensor.storage",
        "torch.Tensor.storage_type",
        "torch.Tensor.untyped_storage",
        "torch.frombuffer",
        "torch.from_dlpack",
        "torch.from_numpy",
        "torch.to_dlpack",
        "torch.utils.dlpack",
    ),
    "runs a function that is given as a value": (
        "torch.Tensor.apply_",
        "torch.Tensor.map2_",
        "torch.Tensor.map_",
        "torch.Tensor.register_hook",
        "torch.Tensor.register_post_accumulate_grad_hook",
        "torch.compile",
        "torch.cond",
        "torch.fork",
        "torch.vmap",
        "torch.wait",
        "torch.while_loop",
    ),
    "re-interprets a tensor as another class or goes past autograd's books": (
        "torch.Tensor.as_subclass",
        "torch.Tensor.module_load",
        "torch.Tensor.new",
        "torch.Tensor.reinforce",
        "torch.Tensor.resize",
        "torch.Tensor.resize_as",
        "torch.Tensor.resize_as_",
        "torch.Tensor.resize_as_sparse_",
        "torch.Tensor.sparse_resize_",
        "torch.Tensor.sparse_resize_and_clear_",
        "torch.resize_as_",
        "torch.resize_as_sparse_",
    ),
    "was removed from torch and only raises": (
        "torch.Tensor.eig",
        "torch.Tensor.lstsq",
        "torch.Tensor.solve",
        "torch.Tensor.symeig",
        "torch.eig",
        "torch.lstsq",
        "torch.matrix_rank",
        "torch.solve",
        "torch.symeig",
    ),
    "is a helper inside torch, not an op": (
        "torch.Tensor.dim_order",
        "torch.Tensor.index",
        "torch.Tensor.ipu",
        "torch.Tensor.mtia",
        "torch.dsmm",
        "torch.hsmm",
        "torch.saddmm",
        "torch.spmm",
        "torch.masked.as_masked_tensor",
        "torch.masked.is_masked_tensor",
        "torch.masked.masked_tensor",
        "torch.nn.functional.assert_int_or_pair",
        "torch.nn.functional.boolean_dispatch",
        "torch.nn.functional.handle_torch_function",
        "torch.nn.functional.has_torch_function",
        "torch.nn.functional.has_torch_function_unary",
        "torch.nn.functional.has_torch_function_variadic",
        "torch.sparse.as_sparse_gradcheck",
        "torch.sparse.to_sparse_semi_structured",
    ),
}
"""Reason -> names. Names that begin with an underscore, classes and modules never enter (the catalogue adds a few by hand)."""

TORCH_FUNCTIONS: Final = frozenset(
    [
        "atleast_1d",
        "atleast_2d",
        "atleast_3d",
        "block_diag",
        "broadcast_tensors",
        "cartesian_prod",
        "cdist",
        "chain_matmul",
        "einsum",
        "lobpcg",
        "lu",
        "meshgrid",
        "norm",
        "pca_lowrank",
        "split",
        "stft",
        "svd_lowrank",
        "tensordot",
        "unique",
        "unique_consecutive",
        "unravel_index",
    ]
)
"""The functions written in Python right in ``torch`` that are ops. All others there (load, compile, set_…) stay out unless a row names them."""

INIT_FUNCTIONS: Final = frozenset(
    [
        "calculate_gain",
        "constant_",
        "dirac_",
        "eye_",
        "kaiming_normal_",
        "kaiming_uniform_",
        "normal_",
        "ones_",
        "orthogonal_",
        "sparse_",
        "trunc_normal_",
        "uniform_",
        "xavier_normal_",
        "xavier_uniform_",
        "zeros_",
    ]
)
"""torch.nn.init without its deprecated second names."""

NAMES: Final = frozenset(name for names in EXCLUDED.values() for name in names)
