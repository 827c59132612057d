import torch

torch.manual_seed(0)
w = torch.randn(4, requires_grad=True)
max_norm, base_lr = 1.0, 0.2
for step in range(8):
    lr = base_lr * 0.5 ** (step // 3)
    loss = (w**4).sum()
    loss.backward()
    norm = w.grad.norm()
    if norm > max_norm:
        w.grad *= max_norm / norm
    with torch.no_grad():
        w -= lr * w.grad
        w.grad.zero_()
    print(step, f"lr={lr:.3f} norm={norm:.3f} loss={loss:.4f}")
print(w)
