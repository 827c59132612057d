import math

import torch
import torch.nn.functional as F

torch.manual_seed(0)
B, T, C = 2, 4, 8
x = torch.randn(B, T, C)
Wq, Wk, Wv = torch.randn(C, C), torch.randn(C, C), torch.randn(C, C)
q, k, v = x @ Wq, x @ Wk, x @ Wv
scores = q @ k.transpose(-2, -1) / math.sqrt(C)
mask = torch.tril(torch.ones(T, T))
scores = scores.masked_fill(mask == 0, float("-inf"))
weights = F.softmax(scores, dim=-1)
out = weights @ v
print(weights[0])
print(out.shape, out.sum())
ref = F.scaled_dot_product_attention(q, k, v, is_causal=True)
print(torch.allclose(out, ref, atol=1e-4))
