import torch

t1 = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
t2 = t1 + 2
t2.retain_grad()
t3 = 2 * t2**2
t3.retain_grad()
t4 = t3.mean()
t4.retain_grad()
print(t2.retains_grad, t1.retains_grad)
t4.backward()
print(t1.grad)
print(t2.grad)
print(t3.grad)
print(t4.grad)
