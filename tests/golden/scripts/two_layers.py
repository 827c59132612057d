import torch

x = torch.tensor([[1.0, 2.0]])
W1 = torch.tensor([[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]], requires_grad=True)
b1 = torch.zeros(3, requires_grad=True)
W2 = torch.tensor([[0.7], [-0.8], [0.9]], requires_grad=True)
b2 = torch.zeros(1, requires_grad=True)
h = x @ W1 + b1
a = torch.relu(h)
y = a @ W2 + b2
y.sum().backward()
print(y)
print(W1.grad, b1.grad, W2.grad, b2.grad, sep="\n\n")
print(h.is_leaf, a.is_leaf, h.requires_grad)
print(h.grad_fn, a.grad_fn, y.grad_fn)
