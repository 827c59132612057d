# Autograd basics: a leaf, two intermediates, one scalar
import torch

t1 = torch.tensor([0.7659, -2.0262, -1.4139, 1.1822, -1.1543], requires_grad=True)
t2 = t1 + 2  # element by element
t3 = 2 * t2**2
t4 = t3.mean()
print(t1)
print(t2)
print(t3)
print(t4)

t4.backward()
print(t1.grad)
print(t1.is_leaf, t2.is_leaf, t4.is_leaf)
print(t2.grad_fn, t4.grad_fn.name())
