import torch

x = torch.tensor([2.0, 3.0], requires_grad=True)
print(-(x**2), (-x) ** 2, 2**x, x**-1, (x + 1) ** 2, x[0] ** 2, x.sum() ** 0.5)
print(2 ** (3**2), (2**3) ** 2, -(2**2), (-2) ** 2, --1, +x, ~torch.tensor(5))
print(1 - (2 - 3), (1 - 2) - 3, 8 / (4 / 2), 8 / 4 / 2, 2 * (3 + 4), 7 // (2 * 3), (1 + 2) % 2)
print((1, 2)[0], [1, 2][-1], "abc"[1], (x + 1).sum(), (-x).abs(), (not True) == False)
print(x * (x > 2), (x > 1) & (x < 3), x == x, (x @ x), x @ (x + 1), 3 - (x - 1))
y = (x * 2) ** 2 / (x - 1) ** 2
y.sum().backward()
print(x.grad)
