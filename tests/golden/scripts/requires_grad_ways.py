import torch

a = torch.zeros(2)
print(a.requires_grad)
a.requires_grad_()
print(a.requires_grad, a)
a.requires_grad_(False)
a.requires_grad = True
b = torch.ones(2).requires_grad_(True)
c = torch.nn.Parameter(torch.full((2,), 2.0))
d = (a + b * c).sum()
d.backward()
print(a.grad, b.grad, c.grad)
print(c, c.is_leaf, b.is_leaf, d.requires_grad)
e = torch.tensor([1.0], requires_grad=False)
print(e.requires_grad, (e * 2).requires_grad, (e * a[0]).requires_grad)
