import torch

x = torch.tensor(-8.0, requires_grad=True)
y = torch.tensor(1.5, requires_grad=True)
opt = torch.optim.SGD([x, y], lr=0.45)
for step in range(100):
    opt.zero_grad()
    loss = 0.05 * x**2 + 2 * y**2
    loss.backward()
    opt.step()
