# 4:5 `.__class__` is not an attribute that can be read here
import torch
x = torch.ones(2)
y = x.__class__.__init__.__globals__
