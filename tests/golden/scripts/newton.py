import math

import torch

x = torch.tensor(3.0, requires_grad=True, dtype=torch.float64)
for i in range(6):
    f = x**2 - 2
    (df,) = torch.autograd.grad(f, x)
    with torch.no_grad():
        x -= f / df
    print(i, x.item(), abs(x.item() - math.sqrt(2)) < 1e-6)
