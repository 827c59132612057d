import torch

x = torch.tensor([1, 2, 3], requires_grad=True)
loss = (x * 2).sum()
loss.backward()
print(x.grad)
