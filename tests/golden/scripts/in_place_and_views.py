import torch

x = torch.arange(6.0)
y = x.view(2, 3)
y[0, 0] = 100
print(x)
y.mul_(2).add_(1)
print(x, x._version, y._version)
z = x[2:4]
z += 5
print(x)
z = z + 5
print(x, z)
x.zero_()
print(y)
w = x.clone()
w.fill_(3)
print("views share storage", w)
