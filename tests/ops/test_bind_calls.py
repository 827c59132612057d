"""Calls as people write them bind, whether the types of their wires are known or not."""

from __future__ import annotations

import ast

import pytest

from guigrad.ops import table
from guigrad.ops.bind import Kind, bind

CALLS = """
x.sum(axis=0); x.sum(0, 1) | !; x.sum((0, 1), keepdim=True); x.mean(dim=1); torch.max(x, dim=0); torch.max(x, y); x.max(); x.min(0)
x.to("cuda"); x.to(torch.float64); x.to("cpu", torch.float64); x.to(y); x.to(device="cpu"); x.to(dtype=torch.int64, copy=True); x.type(torch.float64)
x.expand(-1, 3); x.expand((2, 3)); torch.full((2,), 3.0); torch.full(size=(2,), fill_value=3); torch.zeros(2, 3, dtype=torch.float64)
torch.zeros([2, 3]); torch.zeros((2, 3), requires_grad=True); torch.zeros(size=(2, 3)); torch.ones(3); torch.empty(0); torch.arange(0, 10, 2)
torch.arange(10); torch.arange(1.0, 2.0, 0.5, dtype=torch.float32); torch.linspace(0, 1, steps=5); torch.linspace(0, 1, 5); torch.eye(3)
torch.eye(3, requires_grad=True); torch.randint(0, 10, (3,), generator=g); torch.randint(10, (3,)); torch.randint(high=10, size=(3,))
torch.normal(0.0, 1.0, size=(2,)); torch.normal(x, y); torch.rand(2, 3, generator=g); torch.randn(n, 3); torch.randn((n, 3)); torch.randn(n)
torch.std(x, dim=1, unbiased=False); x.std(unbiased=False); x.std(); x.var(dim=0, correction=0); x.norm(2); x.norm(dim=1); x.norm(p=1); x.split(2)
torch.split(x, 2, dim=0); x.split([1, 2]); x.chunk(2); torch.where(c); torch.where(c, x, y); torch.where(c, x, 0.0); torch.where(c, 1, 0)
x.clamp(min=0); x.clamp(0, 1); torch.clamp(x, min=y); x.clip(max=1.0); x.repeat(2, 1); x.permute(1, 0); x.permute((1, 0)); torch.permute(x, (1, 0))
x.flip(0); x.flip([0]); x.flip(0, 1); x.squeeze(); x.squeeze(1); x.unsqueeze(0); x.argmax(dim=1); x.view(-1); x.view(torch.int32); x.view(n, -1)
x.view(x.size(0), -1); x.reshape(2, -1); x.reshape((2, -1)); x.new_zeros(3); x.new_zeros((3, 2)); x.new_tensor([1.0]); x.new_full((2,), 1.0)
x.index_select(0, i); x.masked_fill(m, 0.0); x.masked_fill(m, y); x.fill_(1); x.copy_(y); x.uniform_(-1, 1); x.normal_(); x.normal_(mean=0, std=0.1)
x.add_(1); x.add_(y, alpha=-0.1); x.sub_(0.1 * y); x.mul_(2); x.zero_(); x.clamp_(0, 1); x.add(y, alpha=2); x.addcmul_(y, z, value=0.1); x.lerp_(y, 0.1)
torch.stack([x, y], dim=0); torch.stack((x, y)); torch.cat((x, y)); torch.cat([x, y], 1); torch.cat(xs); torch.cat(tensors=[x, y]); torch.concat([x, y])
torch.einsum("ij->i", x); torch.einsum("ij,jk->ik", x, y); torch.einsum("ij,jk->ik", [x, y]); F.dropout(x, p=0.5, training=True); F.softmax(x, dim=-1)
F.softmax(x, -1); x.softmax(-1); x.softmax(dim=0); torch.softmax(x, 1); F.log_softmax(x, dim=1); F.conv2d(x, w, padding=1); F.conv2d(x, w, padding="same")
F.conv2d(x, w, b, stride=(2, 1)); F.max_pool2d(x, 2); F.max_pool2d(x, kernel_size=(2, 2), stride=2); F.max_pool2d(x, 2, return_indices=True)
F.avg_pool2d(x, 2, 2); F.adaptive_avg_pool2d(x, 1); F.adaptive_avg_pool2d(x, (1, None)); F.cross_entropy(x, t, label_smoothing=0.1); F.nll_loss(x, t)
F.mse_loss(x, y, reduction="sum"); F.one_hot(t, num_classes=3); F.pad(x, (1, 1)); F.pad(x, [1, 1], "constant", 0.5); F.interpolate(x, scale_factor=2)
F.interpolate(x, size=(4, 4), mode="bilinear", align_corners=False); F.linear(x, w, b); F.layer_norm(x, (3,), w, b); F.layer_norm(x, x.shape)
F.batch_norm(x, None, None, training=True); F.embedding(t, w); F.gelu(x, approximate="tanh"); F.leaky_relu(x, 0.2); F.elu(x, alpha=0.5); F.relu(x, inplace=True)
F.softplus(x, beta=2); F.normalize(x, dim=0); F.scaled_dot_product_attention(x, y, z, is_causal=True); F.cosine_similarity(x, y, dim=0); F.glu(x, dim=0)
x.transpose(0, 1); x.transpose(-2, -1); x.swapaxes(0, 1); x.flatten(1); x.flatten(start_dim=1); x.unflatten(0, (2, -1)); torch.outer(x, y); torch.dot(x, y)
torch.linalg.norm(x, ord=2); torch.linalg.norm(x, "fro"); torch.linalg.svd(x, full_matrices=False); torch.linalg.solve(x, y); torch.linalg.inv(x)
torch.linalg.eigh(x); torch.linalg.matrix_power(x, 3); torch.linalg.vector_norm(x, ord=1, dim=0); torch.linalg.lstsq(x, y); torch.trace(x); x.diag(1)
torch.tensor(5.0); torch.tensor([1, 2]); torch.tensor([[x, 1.0]]); torch.tensor([1.0], dtype=torch.float64, requires_grad=True, device="cpu")
torch.topk(x, 2); x.topk(2, dim=0, largest=False); torch.sort(x, descending=True); x.sort(0); torch.argsort(x, dim=0); x.cumsum(0); x.cumprod(dim=0)
torch.meshgrid(x, y, indexing="ij"); torch.meshgrid([x, y], indexing="xy"); torch.broadcast_tensors(x, y); torch.unique(x, return_counts=True); x.unique()
torch.autograd.grad(y, [x, w]); torch.autograd.grad(y, x, torch.ones(3)); torch.autograd.grad([y], [x], grad_outputs=[z], create_graph=True)
torch.autograd.grad(outputs=y, inputs=x, retain_graph=True); y.backward(); y.backward(z); y.backward(gradient=z, retain_graph=True); y.backward(inputs=[x])
torch.autograd.backward([x, y], [z, None]); x.requires_grad_(); x.requires_grad_(False); x.retain_grad(); x.detach(); x.clone(); x.item(); x.tolist()
torch.optim.SGD([w, b], lr=0.1); torch.optim.SGD([{"params": [w]}], lr=0.1, momentum=0.9); torch.optim.Adam([w], 0.1, betas=(0.9, 0.99)); torch.optim.SGD(ps, lr)
torch.optim.lr_scheduler.StepLR(opt, 2); torch.optim.lr_scheduler.StepLR(opt, step_size=2, gamma=0.1); torch.nn.utils.clip_grad_norm_([w], 1.0)
torch.zeros_like(x); torch.ones_like(x, requires_grad=True); torch.full_like(x, 2); torch.rand_like(x, dtype=torch.float64); torch.randperm(5); torch.multinomial(x, 2)
torch.bernoulli(x); torch.bernoulli(x, 0.5); torch.pow(x, 2); torch.pow(2, x); torch.pow(x, y); x.pow(0.5); torch.sub(x, y, alpha=2); torch.rsub(x, 1)
torch.div(x, y, rounding_mode="floor"); torch.add(x, 1); torch.add(1, x); torch.mul(2, x); torch.true_divide(x, 2); torch.remainder(x, 2); torch.eq(x, 0)
torch.gather(x, 1, i); x.gather(dim=1, index=i); x.scatter_(1, i, 1.0); x.scatter(0, i, y); x.scatter_add(0, i, y); x.index_add_(0, i, y); x.take(i)
torch.roll(x, 1); torch.roll(x, (1, 2), dims=(0, 1)); torch.tril(x); torch.triu(x, diagonal=1); torch.tensordot(x, y, dims=1); torch.kron(x, y); torch.cdist(x, y)
torch.allclose(x, y, atol=1e-6); torch.equal(x, y); torch.isclose(x, y); torch.any(x); x.all(dim=0); torch.logsumexp(x, 0); x.logsumexp((0, 1)); torch.numel(x)
torch.set_printoptions(precision=4, sci_mode=False); torch.manual_seed(0); torch.set_default_dtype(torch.float64); torch.Generator().manual_seed(0) | !
torch.fft.fft(x, n=8, dim=-1, norm="ortho"); torch.special.expit(x); torch.special.xlogy(x, 2); torch.signal.windows.hann(5); torch.bincount(t); torch.histc(x, bins=4)
torch.quantile(x, 0.5); torch.quantile(x, y, dim=0); torch.median(x); torch.mode(x); torch.nan_to_num(x, nan=0.0); torch.lerp(x, y, 0.5); torch.lerp(x, y, z)
torch.nn.Parameter(x); torch.nn.init.normal_(w, std=0.1); torch.nn.init.xavier_uniform_(w); torch.unbind(x); x.unbind(1); x.repeat_interleave(2, dim=0); x.tile(2, 1)
"""  # fmt: skip

TYPES = {"n": "int", "lr": "float", "g": "Generator", "opt": "optimizer", "xs": "list", "ps": "list"}


def kind(node: ast.expr, typed: bool) -> Kind:
    match node:
        case ast.Constant(value=None):
            return "None"
        case ast.Constant():
            return type(node.value).__name__
        case ast.UnaryOp():
            return kind(node.operand, typed)
        case ast.List() | ast.Tuple():
            return tuple(kind(item, typed) for item in node.elts)
        case ast.Dict():
            return "dict"
        case ast.Attribute(value=ast.Name(id="torch")):
            return "dtype"
        case ast.Name():
            return TYPES.get(node.id, "Tensor") if typed else "any"
    return "any"


@pytest.mark.parametrize("typed", [True, False], ids=["typed", "untyped"])
@pytest.mark.parametrize("text", [part.strip() for line in CALLS.strip().splitlines() for part in line.split(";")])
def test_call_binds(text: str, typed: bool) -> None:
    text, _, wrong = text.partition("|")
    call = ast.parse(text.strip(), mode="eval").body
    assert isinstance(call, ast.Call)
    path = ast.unparse(call.func).replace("F.", "torch.nn.functional.", 1)
    args = [kind(arg, typed) for arg in call.args]
    if not path.startswith("torch."):
        path = f"torch.Tensor.{path.rpartition('.')[2]}"
        args.insert(0, "Tensor" if typed else "any")
    row = table.find(path)
    if wrong and row is None:
        return
    assert row is not None, path
    kwargs = {keyword.arg: kind(keyword.value, typed) for keyword in call.keywords if keyword.arg}
    found = bind(row, args, kwargs)
    assert (found.problem != "") == bool(wrong), (found.problem, text)
    assert {place.where for place in found.places} >= set(kwargs) | (set() if wrong else set(range(len(args))))
