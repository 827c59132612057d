import torch

t1 = torch.tensor([0.7659, -2.0262, -1.4139, 1.1822, -1.1543], requires_grad=True)
t2 = t1 + 2
t3 = 2 * t2**2
t4 = t3.mean()
# Returned, and stored nowhere:
g2 = torch.autograd.grad(t4, t2, retain_graph=True)[0]
print(g2)
print(t1.grad)
# Asked for in time, an intermediate keeps its gradient too:
t2.retain_grad()
t4.backward()
print(t2.grad)
print(t1.grad)
