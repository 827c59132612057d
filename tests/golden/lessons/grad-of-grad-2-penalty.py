import torch

w = torch.tensor([[0.5, -1.0], [1.5, 0.25]], requires_grad=True)
x = torch.tensor([0.3, -0.7], requires_grad=True)
score = torch.tanh(x @ w).sum()
(g,) = torch.autograd.grad(score, x, create_graph=True)
penalty = (g.norm() - 1) ** 2
penalty.backward()
print(w.grad)
