# 3:5 torch.relux is not known
import torch
x = torch.relux(1)
