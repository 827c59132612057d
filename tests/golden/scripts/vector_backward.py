import torch

t1 = torch.tensor([0.7659, -2.0262, -1.4139], requires_grad=True)
t2 = t1 + 2
t3 = 2 * t2**2
v = torch.tensor([0.1, 1.0, 0.01])
t3.backward(v, retain_graph=True)
print(t1.grad)
t1.grad = None
t3.backward(gradient=torch.ones_like(t3))
print(t1.grad)
