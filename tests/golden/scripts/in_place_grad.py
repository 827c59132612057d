import torch

a = torch.tensor([1.0, 2.0], requires_grad=True)
b = a * 3
b += 1
b.mul_(2)
c = b.sum()
c.backward()
print(b, b.grad_fn, a.grad)
d = a.exp()
e = d.clone()
e *= 2
e.sum().backward()
print(a.grad, d, e)
