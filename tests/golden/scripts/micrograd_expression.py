import torch

a = torch.tensor(-4.0, requires_grad=True, dtype=torch.float64)
b = torch.tensor(2.0, requires_grad=True, dtype=torch.float64)
c = a + b
d = a * b + b**3
c = c + c + 1
c = c + 1 + c + (-a)
d = d + d * 2 + (b + a).relu()
d = d + 3 * d + (b - a).relu()
e = c - d
f = e**2
g = f / 2.0
g = g + 10.0 / f
print(f"{g.item():.4f}")  # the outcome of this forward pass
g.backward()
print(f"{a.grad.item():.4f}")  # dg/da
print(f"{b.grad.item():.4f}")  # dg/db
