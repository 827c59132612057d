import torch

x = torch.tensor([1.5, -0.5], requires_grad=True)
for step in range(5):
    f = (x**4).sum() + ((x - 1) ** 2).sum() + x.prod()
    (g,) = torch.autograd.grad(f, x, create_graph=True)
    g0 = g[0]
    g1 = g[1]
    (h0,) = torch.autograd.grad(g0, x, retain_graph=True)
    (h1,) = torch.autograd.grad(g1, x)
    H = torch.stack([h0, h1])
    delta = torch.linalg.solve(H, g)
    with torch.no_grad():
        x -= delta
    print(step, f, g.norm())
