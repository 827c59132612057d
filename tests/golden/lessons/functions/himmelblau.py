import torch

x = torch.tensor(-0.5, requires_grad=True)
y = torch.tensor(-1.0, requires_grad=True)
opt = torch.optim.SGD([x, y], lr=0.005, momentum=0.9)
for step in range(150):
    opt.zero_grad()
    loss = (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2
    loss.backward()
    opt.step()
