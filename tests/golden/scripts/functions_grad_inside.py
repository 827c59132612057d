import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)


def grads(y):
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    return g


y = (x ** 3).sum()
g = grads(y)
h = grads(g.sum())
print(g, h)
h.retain_grad()
t = (h * g).sum()
t.backward()
print(x.grad, h.grad)
