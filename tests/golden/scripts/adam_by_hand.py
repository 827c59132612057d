import torch

torch.manual_seed(3)
w = torch.randn(3, requires_grad=True)
m = torch.zeros_like(w)
v = torch.zeros_like(w)
b1, b2, eps, lr = 0.9, 0.999, 1e-8, 0.1
target = torch.tensor([1.0, -2.0, 0.5])
for t in range(1, 16):
    loss = (w - target).pow(2).sum()
    w.grad = None
    loss.backward()
    with torch.no_grad():
        m = b1 * m + (1 - b1) * w.grad
        v = b2 * v + (1 - b2) * w.grad**2
        m_hat = m / (1 - b1**t)
        v_hat = v / (1 - b2**t)
        w -= lr * m_hat / (v_hat.sqrt() + eps)
    if not t % 5:
        print(f"{t=} {loss=:.5f}")
print(w)
