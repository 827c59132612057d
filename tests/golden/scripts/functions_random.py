import torch


def noisy(x):
    return x + torch.randn(2) * 0.1


def dropout(x, p=0.5, training=True):
    return torch.nn.functional.dropout(x, p, training)


torch.manual_seed(3)
print(noisy(torch.zeros(2)))
print(dropout(torch.ones(10)))
with torch.no_grad():
    q = torch.ones(2, requires_grad=True)
    r = noisy(q)
    print(r.requires_grad)
print(noisy(q).requires_grad)
torch.manual_seed(3)
print(noisy(torch.zeros(2)))
