import torch

n = 10
n += 5
n -= 3
n *= 2
n //= 5
n **= 2
n %= 7
print(n)
f = 1.0
f /= 3
print(f)
s = "a"
s += "b"
s *= 3
print(s)
x = torch.ones(2)
y = x
x += 1
print(x, y)
x = x + 1
print(x, y)
x *= y
x /= 2
x -= torch.tensor([1.0, 2.0])
x **= 2
print(x, y)
m = torch.tensor([True, False])
m &= torch.tensor([True, True])
m |= torch.tensor([False, True])
print(m)
k = torch.eye(2)
k @= torch.ones(2, 2)
print(k)
l = [1]
l += [2, 3]
print(l)
