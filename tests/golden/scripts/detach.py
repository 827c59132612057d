import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = x**2
z = y.detach()
print(z, z.requires_grad, z.grad_fn)
w = (y * z).sum()
w.backward()
print(x.grad)
x.grad.zero_()
(y.detach() * x).sum().backward()
print(x.grad)
