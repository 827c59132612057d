import torch

x: torch.Tensor = torch.tensor([1.0, 2.0])
n: int = 3
y = z = x * n
z += 1
print(y, z, y is z)
i = j = 0
for k in range(2):
    i, j = i + 1, j - 1
print(i, j, k)
first = second = [1]
second.append(2)
print(first)
_ = x.add_(1)
print(x)
t = (x, y)
u = [x, y, n]
print(t[0] is x, u[2], len(t))
a = b = c = x.sum()
print(a, b is c)
