import torch
import torch.nn.functional as F

torch.manual_seed(1)
n = 40
X = torch.cat([torch.randn(n, 2) + 1.5, torch.randn(n, 2) - 1.5])
y = torch.cat([torch.ones(n), torch.zeros(n)])
w = torch.randn(2, requires_grad=True)
b = torch.zeros((), requires_grad=True)
for step in range(30):
    logits = X @ w + b
    loss = F.binary_cross_entropy_with_logits(logits, y)
    loss.backward()
    with torch.no_grad():
        for p in [w, b]:
            p -= 0.5 * p.grad
            p.grad = None
    if step % 10 == 0:
        acc = ((logits > 0).float() == y).float().mean()
        print(f"{step:>4} {loss.item():.4f} {acc.item():.2%}")
print(w, b)
