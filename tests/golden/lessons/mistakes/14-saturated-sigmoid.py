import torch

x = torch.tensor([30.0, -40.0])
w = torch.tensor([1.0, 1.0], requires_grad=True)
z = w * x
p = torch.sigmoid(z)
target = torch.tensor([0.0, 1.0])
loss = ((p - target) ** 2).sum()
loss.backward()
print(p)
print(w.grad)
