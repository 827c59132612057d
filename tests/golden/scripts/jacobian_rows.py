import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = torch.stack([x[0] * x[1], x[1] * x[2]])
J = torch.zeros(2, 3)
for i in range(2):
    v = torch.zeros(2)
    v[i] = 1.0
    J[i] = torch.autograd.grad(y, x, grad_outputs=v, retain_graph=True)[0]
print(J)
y.backward(gradient=torch.tensor([1.0, 1.0]))
print(x.grad, J.sum(0))
