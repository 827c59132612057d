import torch

m = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
acc = torch.zeros(2)
for row in m:
    acc = acc + row * row
acc.sum().backward()
print(acc, m.grad)
for i, row in enumerate(m.detach(), start=1):
    print(i, row, row.sum().item())
for a, b in zip(m[0], m[1]):
    print((a * b).item())
for k in reversed(range(3)):
    print(k, end=",")
print()
for name in ("sin", "cos"):
    print(name)
for n in [1, 2.5, "x"]:
    print(n)
for lr in (0.1, 0.01):
    w = torch.tensor(1.0, requires_grad=True)
    for step in range(2):
        loss = (w - 3) ** 2
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
        w.grad = None
    print(f"{lr}: {w.item():.4f} after {step + 1}")
