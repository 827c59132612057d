import torch

x = torch.tensor([[1.0, 2.0], [0.5, 1.5]])
W = torch.tensor([[0.5, -0.3], [0.2, 0.4]], requires_grad=True)
b = torch.tensor([-5.0, -5.0], requires_grad=True)
h = x @ W + b
a = torch.relu(h)
loss = ((a - 1) ** 2).sum()
loss.backward()
print(W.grad)
