# Functions of all kinds.
import math

import torch
import torch.nn.functional as F

torch.manual_seed(0)
lr = 0.1
history = []


# used before what it calls is defined
def loss_of(x, y):
    # the model
    guess = model(x)
    return F.mse_loss(guess, y)  # a number


def model(x, scale=1.0, *, shift=0):
    return F.relu(x @ w * scale + shift) + b


def step(param):  # in place, without recording
    with torch.no_grad():
        param -= lr * param.grad
    param.grad = None


def noise(n, /, spread=math.pi):
    return torch.randn(n) * spread


def spread_of(values):
    low, high = values.min(), values.max()
    return low, high


def remember(value, into=history):
    into.append(round(value, 4))


def nothing():
    pass


def report(step, *, width=8):
    text = f"{step:>{width}}"
    print(text, "of", steps)


w = torch.randn(3, 2, requires_grad=True)
b = torch.zeros(2, requires_grad=True)
x = torch.randn(5, 3)
y = torch.randn(5, 2)
steps = 3
for i in range(steps):
    loss = loss_of(x, y)
    loss.backward()
    step(w)
    step(b)
    remember(loss.item())
    if i % 2 == 0:
        report(i, width=4)
    else:
        report(i)
print(history)
lr = 0.5  # seen by the next call
(model(x).sum() + model(x, 2.0, shift=1).sum()).backward()
step(w)
print(w, b)
low, high = spread_of(w)
print(low, high, spread_of(b), nothing())
noises = noise(3) + noise(3, 2.0) + noise(3, spread=0.5)
print(noises)
total = torch.zeros(())
for name in [1.0, 2.0]:
    total = total + spread_of(x * name)[1]
print(total if total > 0 else noise(2), torch.randn(1))
