import torch

history = []
best = None
for step in range(5):
    value = torch.tensor(float((step - 2) ** 2))
    if best is None or value < best:
        best = value
        best_step = step
    history.append(value.item())
print(history, best, best_step)
print(len(history), sum(history) / len(history), value)
previous = 0.0
for v in history:
    change = v - previous
    previous = v
print(change, previous)
