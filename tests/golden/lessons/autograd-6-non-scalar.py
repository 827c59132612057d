import torch

t1 = torch.tensor([0.7659, -2.0262, -1.4139], requires_grad=True)
t2 = t1 + 2
t3 = 2 * t2**2
# t3 has three elements: of which one should the gradient be?
t3.backward()
print(t1.grad)
