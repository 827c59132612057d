import torch


def layer(x, w, b):
    return torch.tanh(x @ w + b)


def network(x, params):
    for w, b in params:
        x = layer(x, w, b)
    return x


def train(params, x, y, rounds=2):
    total = 0.0
    for r in range(rounds):
        out = network(x, params)
        loss = ((out - y) ** 2).mean()
        total += loss.item()
        loss.backward()
        with torch.no_grad():
            for w, b in params:
                w -= 0.1 * w.grad
                b -= 0.1 * b.grad
                w.grad.zero_()
                b.grad.zero_()
        if r == 1:
            print("second", loss)
    return total / rounds, loss


torch.manual_seed(1)
params = []
params.append((torch.randn(2, 2, requires_grad=True), torch.zeros(2, requires_grad=True)))
params.append((torch.randn(2, 2, requires_grad=True), torch.zeros(2, requires_grad=True)))
x, y = torch.randn(4, 2), torch.randn(4, 2)
mean, last = train(params, x, y)
print(mean, last)
mean, last = train(params, x, y, rounds=1)
print(mean, last, params[0][0].grad)
