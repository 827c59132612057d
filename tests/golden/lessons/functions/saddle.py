import torch

x = torch.tensor(2.0, requires_grad=True)
y = torch.tensor(0.001, requires_grad=True)
opt = torch.optim.SGD([x, y], lr=0.03, momentum=0.5)
for step in range(120):
    opt.zero_grad()
    loss = x**2 - y**2 + 0.1 * y**4
    loss.backward()
    opt.step()
