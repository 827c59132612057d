import torch

x = torch.tensor([1.0, 2.0])
w = torch.tensor([0.5, -1.0], requires_grad=True)
b = torch.tensor([0.1, 0.2], requires_grad=True)
h = w * x
out = h + b
loss = (h**2).sum()
loss.backward()
print(w.grad)
print(b.grad)
