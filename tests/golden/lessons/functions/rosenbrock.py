import torch

x = torch.tensor(-1.5, requires_grad=True)
y = torch.tensor(2.0, requires_grad=True)
opt = torch.optim.Adam([x, y], lr=0.1)
for step in range(500):
    opt.zero_grad()
    loss = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    loss.backward()
    opt.step()
