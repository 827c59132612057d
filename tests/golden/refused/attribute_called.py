# 4:7 `.shape` is an attribute
import torch
x = torch.ones(2)
print(x.shape())
