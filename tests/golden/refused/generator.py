# 3:10 a generator expression is not understood
import torch
print(sum(p.sum() for p in [torch.ones(2)]))
