import torch

x = torch.tensor([0.5, 1.0, 2.0], requires_grad=True)
y = (x**3).sum()
(g,) = torch.autograd.grad(y, x, create_graph=True)
s = g.sum()
(h,) = torch.autograd.grad(s, x)
print(g)
print(h)
