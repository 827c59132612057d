# 4:1 a function definition is not understood
import torch
@torch.no_grad()
def f(x):
    return x
