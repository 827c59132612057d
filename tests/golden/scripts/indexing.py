import torch

x = torch.arange(24).reshape(2, 3, 4)
print(x[0])
print(x[0, 1], x[0][1], x[0, 1, 2])
print(x[..., -1])
print(x[:, 1:, ::2])
print(x[None].shape, x[:, None].shape, x[..., None].shape)
print(x[1, [0, 2]])
print(x[x % 5 == 0])
print(x[:, torch.tensor([2, 0])])
i, j = 1, 2
print(x[i, j], x[i - 1, j - 1 :], x[i, : j + 1, -2:])
print(x[-1, -1, -1].item())
idx = (0, slice(None), 1)
print(x[idx])
