import torch

x = torch.tensor([4.0, 1.0, -1.0], requires_grad=True)
shifted = x - 0.5
root = torch.sqrt(shifted)
scaled = root * 3
loss = scaled.sum()
loss.backward()
print(loss)
print(x.grad)
