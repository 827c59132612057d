import torch

x = torch.tensor([1.0, 2.0])
w = torch.tensor([0.5, -1.0], requires_grad=True)
b = torch.tensor(0.1, requires_grad=True)
with torch.no_grad():
    h = w * x
loss = ((h + b) ** 2).sum()
loss.backward()
print(b.grad)
print(w.grad)
