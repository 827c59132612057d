"""A script with a main guard."""

import torch

SCALE = 3

if __name__ == "__main__":
    x = torch.ones(2, requires_grad=True)
    y = (SCALE * x).sum()
    y.backward()
    print(x.grad)
