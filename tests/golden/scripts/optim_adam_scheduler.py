import torch
from torch import optim

w = torch.tensor([4.0, -4.0], requires_grad=True)
opt = optim.Adam([w], lr=0.5)
scheduler = optim.lr_scheduler.StepLR(opt, step_size=5, gamma=0.5)
for step in range(12):
    opt.zero_grad()
    loss = (w**2).sum()
    loss.backward()
    opt.step()
    scheduler.step()
    print(step, loss.item(), scheduler.get_last_lr(), opt.param_groups[0]["lr"])
