import torch

x = torch.tensor([0.4, 1.7, 2.2], requires_grad=True)
whole = torch.round(x)
loss = ((whole - 1) ** 2).sum()
loss.backward()
print(x.grad)
