import torch

t1 = torch.tensor([0.7659, -2.0262, -1.4139, 1.1822, -1.1543], requires_grad=True)
t2 = t1 + 2
t2.retain_grad()
t3 = 2 * t2**2
t4 = t3.mean()
t4.backward(retain_graph=True)
print(t2.grad)
# The same gradient without storing it anywhere:
g2 = torch.autograd.grad(t4, t2)[0]
print(g2)
print(t1.grad)
