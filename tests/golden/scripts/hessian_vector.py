import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
v = torch.tensor([1.0, 0.0, -1.0])
f = (x**3).sum() + x[0] * x[1]
(g,) = torch.autograd.grad(f, x, create_graph=True)
(hv,) = torch.autograd.grad(g, x, grad_outputs=v)
print(g, hv)
rows = []
f = (x**3).sum() + x[0] * x[1]
g = torch.autograd.grad(f, x, create_graph=True)[0]
for i in range(3):
    rows.append(torch.autograd.grad(g[i], x, retain_graph=True)[0])
print(torch.stack(rows))
torch.autograd.backward([f], inputs=[x])
print(x.grad)
