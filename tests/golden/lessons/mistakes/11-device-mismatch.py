import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
mask = torch.ones(3, device="meta")
y = x * mask
loss = y.sum()
loss.backward()
print(x.grad)
