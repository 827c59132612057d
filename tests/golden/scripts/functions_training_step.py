import torch

torch.manual_seed(1)


def step(w, x, y, lr=0.1):
    loss = ((x @ w - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= lr * w.grad
    w.grad = None
    return loss.item()


x = torch.randn(16, 3)
y = x @ torch.tensor([1.0, 2.0, -1.0])
w = torch.zeros(3, requires_grad=True)
for epoch in range(20):
    loss = step(w, x, y)
    if epoch % 5 == 0:
        print(f"epoch {epoch}: loss {loss:.6f}")
print(w)
print(step(w, x, y, lr=0.0))
