import torch

x = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64, requires_grad=True)
y = (x.sin() * x.exp()).sum()
y.backward()
eps = 1e-6
for i in range(len(x)):
    xp, xm = x.detach().clone(), x.detach().clone()
    xp[i] += eps
    xm[i] -= eps
    numeric = ((xp.sin() * xp.exp()).sum() - (xm.sin() * xm.exp()).sum()) / (2 * eps)
    print(f"{i}: {x.grad[i]:.8f} {numeric:.8f} {abs(x.grad[i] - numeric) < 1e-7}")
