import torch

a, b = 1, 2
a, b = b, a
print(a, b)
x, y, z = torch.eye(3)
print(x, y, z)
values, indices = torch.tensor([3.0, 1.0, 2.0]).sort()
print(values, indices)
(p, q), r = (torch.ones(1), torch.zeros(1)), 5
print(p, q, r)
m = torch.tensor([[1.0, 4.0], [3.0, 2.0]]).max(dim=1)
print(m.values, m.indices, m[0])
best, where = m
print(best, where)
U, S, V = torch.linalg.svd(torch.diag(torch.tensor([3.0, 2.0])))
print(S)
for i, (first, second) in enumerate([(1, "one"), (2, "two")]):
    print(i, first, second)
for n, (k, v) in zip(range(2), {"x": 1, "y": 2}.items()):
    print(n, k, v)
