import torch

xs = torch.tensor([1.0, 2.0, 3.0])
stack = torch.stack([xs, xs * 2])
print(stack)
nested = [[1, 2], [3, 4]]
print(torch.tensor(nested), torch.tensor([[xs[0].item(), 2], [3, 4]]))
print(torch.cat([xs, torch.zeros(1), xs + 1]), torch.meshgrid(xs, xs, indexing="ij")[0])
print(torch.block_diag(xs, xs), torch.cartesian_prod(xs, xs).shape, torch.atleast_2d(xs))
shape = (2, 3)
print(torch.zeros(shape), torch.ones(*shape), torch.full(shape, 7), torch.eye(2, 3))
print(torch.arange(1, 10, 2), torch.arange(0, 1, 0.25), torch.logspace(0, 2, 3), torch.linspace(0, 1, steps=3))
print(torch.zeros_like(xs), torch.ones_like(xs, dtype=torch.int), torch.full_like(xs, 0.5), torch.empty_like(xs).shape)
