import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x * 2
for j in range(3):
    y = y * x if j else y + 1
    for k in range(2):
        y = y + k if j > 1 else y * 1.5
w = y if y.sum() > 3 else None
for j in range(2):
    w = w * 2 if j == 0 else w
y.sum().backward()
print(y, w, x.grad)
