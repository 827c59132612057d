# 4:1 `.foo` cannot be assigned here
import torch
x = torch.ones(2)
x.foo = 3
