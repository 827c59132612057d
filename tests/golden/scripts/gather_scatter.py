import torch

x = torch.arange(12.0).view(3, 4)
index = torch.tensor([[0, 3], [1, 2], [2, 0]])
print(torch.gather(x, 1, index))
print(x.gather(dim=1, index=index).sum(dim=1, keepdim=True))
z = torch.zeros(3, 4)
z.scatter_(1, index, 1.0)
print(z)
print(x.index_select(0, torch.tensor([2, 0])))
print(torch.take(x, torch.tensor([0, 5, 11])), x.take_along_dim(index, dim=1))
print(torch.where(x > 5, x, -x))
print(x.masked_fill(x > 5, 0.0), torch.masked_select(x, x > 8))
