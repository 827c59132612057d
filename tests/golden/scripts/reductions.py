import torch

x = torch.tensor([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]])
print(x.sum(), x.mean(), x.std(), x.var(unbiased=False), x.prod(), x.min(), x.max())
print(x.sum(0), x.sum(dim=1), x.mean(dim=(0, 1)), x.amax(dim=1), x.argmax(), x.argmin(dim=0))
print(x.cumsum(dim=1), x.cumprod(0), x.median(), x.quantile(0.5), x.norm(p=1), x.logsumexp(dim=1))
print(x.sort(descending=True), x.topk(2), x.unique(), x.any(), x.all())
v, i = x.topk(k=2, dim=1)
print(v, i, torch.max(x, dim=0), torch.max(x[0], x[1]), x.count_nonzero().item())
print(torch.histc(x, bins=3, min=0, max=6), torch.cdist(x, x), torch.corrcoef(x))
