# 3:2 a decorator is not understood
import torch
@torch.no_grad()
def f(x):
    return x
