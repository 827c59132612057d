import torch

t1 = torch.tensor([0.7659, -2.0262, -1.4139], requires_grad=True)
t2 = t1 + 2
t3 = 2 * t2**2
v = torch.ones(3)
t3.backward(v)
print(t1.grad)
# The same as summing first: d(t3.sum()) / d(t1)
print(torch.autograd.grad((2 * (t1 + 2) ** 2).sum(), t1)[0])
