import torch


def attention(q, k, v, mask=None):
    d = q.shape[-1]
    scores = q @ k.transpose(-2, -1) / d ** 0.5
    if mask is not None:
        scores = scores.masked_fill(mask == 0, float("-inf"))
    weights = torch.softmax(scores, dim=-1)
    return weights @ v, weights


torch.manual_seed(0)
q = torch.randn(2, 4, 8, requires_grad=True)
k = torch.randn(2, 4, 8, requires_grad=True)
v = torch.randn(2, 4, 8, requires_grad=True)
mask = torch.tril(torch.ones(4, 4))
out, w = attention(q, k, v, mask)
w.retain_grad()
out.pow(2).sum().backward()
print(q.grad.norm(), k.grad.norm(), v.grad.norm(), w.grad.shape)
out2, _ = attention(q, k, v)
print(out2.mean(), torch.allclose(out, out2))
out3 = attention(v=v, q=q, k=k)[0]
print(torch.equal(out2, out3))
