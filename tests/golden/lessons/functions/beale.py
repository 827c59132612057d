import torch

x = torch.tensor(1.0, requires_grad=True)
y = torch.tensor(1.2, requires_grad=True)
opt = torch.optim.Adam([x, y], lr=0.05)
for step in range(400):
    opt.zero_grad()
    loss = (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2
    loss.backward()
    opt.step()
