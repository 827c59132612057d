import torch

x = torch.tensor([0.0, 1.0, 2.0], requires_grad=True)
y = torch.exp(x)
y += 1
loss = y.sum()
loss.backward()
print(x.grad)
