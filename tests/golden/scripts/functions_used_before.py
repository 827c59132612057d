import torch


def use_before():
    return later(torch.ones(2)) + k


def later(x):
    return x * k


k = 4
print(use_before())


def later(x):
    return x - k


print(use_before())
k = k + 1
print(use_before(), later(2))
