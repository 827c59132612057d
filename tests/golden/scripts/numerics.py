import math

import torch

print(0.1 + 0.2, 1e-3, 1e16, 2**100, 7 // 2, -7 // 2, 7 % 3, -7 % 3, 2**-1)
print(torch.tensor(0.1) + torch.tensor(0.2), torch.tensor(0.1, dtype=torch.float64).item())
print(torch.tensor(1e38) * 10, -torch.tensor(1e38) * 10, torch.tensor(0.0) / 0)
print(torch.finfo(torch.float32).eps, torch.finfo(torch.float64).max, torch.iinfo(torch.int8).max)
print(math.pi, math.e, torch.pi, math.inf, float("nan"), float("-inf"))
x = torch.tensor([1000.0, 1001.0, 1002.0])
print(torch.exp(x) / torch.exp(x).sum())
print(torch.exp(x - x.max()) / torch.exp(x - x.max()).sum(), torch.softmax(x, 0), torch.logsumexp(x, 0))
print(torch.isnan(torch.tensor([float("nan"), 1.0])), torch.isinf(torch.tensor([float("inf"), 1.0])))
print(round(2.5), round(3.14159, 2), abs(-3), max(1, 2.5), min([3, 1, 2]), sum([1, 2, 3]), divmod(7, 2))
print(1 < 2 < 3, 1 < 2 > 3, not 1 == 2, 5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 4, 256 >> 2)
