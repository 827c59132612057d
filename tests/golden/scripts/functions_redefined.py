import torch


def f(x):
    return x + 1


def twice(x):
    return f(f(x))


x = torch.ones(2)
print(twice(x))


def f(x):
    y = x * k
    x = y - 1
    return x


k = 3
print(twice(x), f(2))
k = 5
print(twice(x), f(x=k))


def unused(a, b=2):
    a = a @ a
    return [a, b]


def change(t):
    t.mul_(2)
    t[0] = 7
    x.add_(1)
    return t


change(x)
print(change(x) is x, x)
out = change(x.clone())
print(out, x)
