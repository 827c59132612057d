import torch

w = torch.tensor([1.0, 2.0], requires_grad=True)


def model(x):
    h = w * x
    h.retain_grad()
    return h, h.sum()


def train(n):
    total = 0.0
    for i in range(n):
        h, out = model(torch.tensor([float(i), 1.0]))
        out.backward()
        total += out.item()
        print(h.grad, w.grad)
        w.grad.zero_()
    return total


print(train(3))
