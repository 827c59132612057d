# 4:12 f calls itself (f → f), and that has no end here
import torch
def f(x):
    return f(x * 2)
print(f(torch.ones(2)))
