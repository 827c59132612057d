import torch

t1 = torch.tensor([0.5, -1.5, 2.0], requires_grad=True)
t2 = t1 + 2
t3 = 2 * t2**2
t4 = t3.mean()
(g,) = torch.autograd.grad(t4, t2, retain_graph=True)
print(g)
g1, g3 = torch.autograd.grad(t4, (t1, t3), retain_graph=True)
print(g1, g3)
print(torch.autograd.grad(t4, [t1])[0])
print(t1.grad)
