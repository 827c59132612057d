import torch
import torch.nn.functional as F

x = torch.tensor([[1.0, -2.0]])
W1 = torch.tensor([[0.5, -0.3, 0.8], [-0.2, 0.4, 0.1]], requires_grad=True)
b1 = torch.tensor([0.1, 0.2, -0.3], requires_grad=True)
W2 = torch.tensor([[0.7], [-0.5], [0.2]], requires_grad=True)
b2 = torch.tensor([0.05], requires_grad=True)
h = x @ W1 + b1
a = torch.relu(h)
y = a @ W2 + ...
y.backward()
print(y)
print(W1.grad)
print(b1.grad)
print(W2.grad)
print(b2.grad)
# x asked for no gradient; h and a are intermediates, which keep none.
print(x.grad)
print(h.grad)
print(a.grad)
F.softplus(...)
... ** 2
