import torch

t1 = torch.tensor([0.7659, -2.0262, -1.4139, 1.1822, -1.1543], requires_grad=True)
t2 = t1 + 2
t3 = 2 * t2**2
t4 = t3.mean()
t4.backward()
print(t4)
print(t1.grad)
# Only leaves keep .grad: these three are None, and torch warns about each.
print(t2.grad)
print(t3.grad)
print(t4.grad)
print(t2)
