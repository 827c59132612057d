import torch

x = torch.zeros(3)
print(x._version)
x.add_(1)
x += 1
x[0] = 5
print(x._version)
y = x.detach()
y.mul_(2)
print(x._version, y._version, x)
z = x.clone()
print(z._version, x.data._version)
v = x.view(3, 1)
v.zero_()
print(x, v._base is x, x._base is None)
