import torch

h = torch.tensor([1.0, 1.0])
W = torch.tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
for _layer in range(20):
    h = W @ h
loss = h.sum()
loss.backward()
print(W.grad)
