import torch

a = torch.arange(3.0)
out = torch.empty(3)
torch.add(a, 1, out=out)
print(out)
relu = torch.relu
print(relu(a - 1))
b = a
b[0] = 9
print(a, b is a)
c = torch.mul(input=a, other=2)
d = torch.add(a, c, alpha=0.5)
print(c, d, torch.clamp(a, max=2), torch.sum(a, dim=0, keepdim=True))
print(torch.nn.functional.relu(a - 2, inplace=False), torch.cat(tensors=[a, c], dim=0))
