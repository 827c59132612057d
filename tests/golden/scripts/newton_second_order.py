import torch

x = torch.tensor([2.0, -1.0], requires_grad=True)
for i in range(4):
    y = (x**4).sum() + (x[0] - 1) ** 2
    g = torch.autograd.grad(y, x, create_graph=True)[0]
    h0 = torch.autograd.grad(g[0], x, retain_graph=True)[0]
    h1 = torch.autograd.grad(g[1], x)[0]
    H = torch.stack([h0, h1])
    step = torch.linalg.solve(H, g)
    x = (x - step).detach().requires_grad_()
    print(i, x, y.item())
