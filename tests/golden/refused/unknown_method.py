# 4:5 method `.relux()` is not known
import torch
x = torch.ones(2)
y = x.relux()
