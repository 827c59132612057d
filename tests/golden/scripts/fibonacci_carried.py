import torch

a, b = torch.tensor(0), torch.tensor(1)
for _ in range(10):
    a, b = b, a + b
print(a, b)
x, y, z = 1, 2, 3
for i in range(4):
    x, y, z = y, z, x + y + z
    print(i, x, y, z)
