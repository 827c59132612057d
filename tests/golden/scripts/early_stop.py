# Early stop: before the update, with a number from the loss, and `continue`.
import torch

torch.manual_seed(0)
x = torch.linspace(-1.0, 1.0, 12)
y = 2 * x - 0.5
w = torch.tensor(0.0, requires_grad=True)
b = torch.tensor(0.0, requires_grad=True)
optimizer = torch.optim.SGD([w, b], lr=0.3, momentum=0.5)
best = 100.0
for step in range(200):
    loss = ((w * x + b - y) ** 2).mean()
    if loss < 1e-3:
        best = step
        break
    if step % 7 == 6:
        continue
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    best = loss.item()
print(step, best, loss, w, b)
