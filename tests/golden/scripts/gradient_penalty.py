import torch

torch.manual_seed(7)
x = torch.randn(4, 3, requires_grad=True)
W = torch.randn(3, 1, requires_grad=True)
out = torch.tanh(x @ W).sum()
grad = torch.autograd.grad(out, x, create_graph=True)[0]
penalty = ((grad.norm(dim=1) - 1) ** 2).mean()
penalty.backward()
print(penalty.item())
print(W.grad)
