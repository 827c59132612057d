import torch

x = torch.tensor([1.0, -3.0])
for i in range(3):
    sign = "even" if i % 2 == 0 else "odd"
    scale = x.max().item() if i > 0 else 0.5
    print(i, sign, scale, "small" if scale < 1 else "large")
y = x.abs() if x.min() < 0 else x
print(y)
name = None
print(name or "unnamed", 0 or [] or "last", 1 and 2, x is not None and x.numel() > 1)
level = "high" if y.sum() > 10 else "mid" if y.sum() > 3 else "low"
print(level)
z = x.grad is None and not x.requires_grad or False
print(z, -1 < x[0] < 2, (x > 0).any() or x.sum() > 5)
if (x[0] > 0 and x[1] > 0) or x.sum() < -1:
    print("branch")
