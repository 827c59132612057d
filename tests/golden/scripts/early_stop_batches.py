# Batches that are left early, epochs that end with `if loss.item() < …: break`.
import torch

torch.manual_seed(1)
X = torch.randn(20, 2)
y = X @ torch.tensor([1.0, -2.0])
w = torch.zeros(2, requires_grad=True)
history = []
for epoch in range(30):
    perm = torch.randperm(len(X))
    for i in range(0, len(X), 8):
        batch = perm[i : i + 8]
        loss = ((X[batch] @ w - y[batch]) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
            w.grad = None
            if loss.item() > 50:
                print("diverged")
                break
    history.append(loss.item())
    if loss.item() < 0.01:
        print("stopped in epoch", epoch)
        break
else_loss = ((X @ w - y) ** 2).mean()
print(history, else_loss, w)
