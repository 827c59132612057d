import torch
import torch.nn.functional as F

torch.manual_seed(0)
X = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
W1 = torch.randn(2, 8, requires_grad=True)
b1 = torch.zeros(8, requires_grad=True)
W2 = torch.randn(8, 1, requires_grad=True)
b2 = torch.zeros(1, requires_grad=True)
parameters = [W1, b1, W2, b2]
lr = 0.5
losses = []
for epoch in range(60):
    hidden = torch.tanh(X @ W1 + b1)
    out = torch.sigmoid(hidden @ W2 + b2)
    loss = F.binary_cross_entropy(out, Y)
    for p in parameters:
        p.grad = None
    loss.backward()
    with torch.no_grad():
        for p in parameters:
            p -= lr * p.grad
    losses.append(loss.item())
    if epoch % 20 == 0:
        print(f"{epoch:5d}: {losses[-1]:.4f}")
print("trained:", losses[0] > losses[-1])
print((out > 0.5).int().T)
