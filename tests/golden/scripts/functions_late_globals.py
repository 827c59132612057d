"""Closures over globals that change between calls."""
import torch

scale = 2.0
shift = torch.tensor([1.0, -1.0], requires_grad=True)


def affine(x):
    return x * scale + shift


x = torch.tensor([0.5, 3.0], requires_grad=True)
first = affine(x)
scale = 10.0
second = affine(x)
shift = torch.zeros(2)
third = affine(x)
print(first, second, third)
(first * second - third).sum().backward()
print(x.grad)
for scale in (1.0, 2.0, 3.0):
    print(affine(x).detach())
print(affine(x))
