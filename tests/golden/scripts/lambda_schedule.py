# Schedules that are functions: LambdaLR and MultiplicativeLR.
import math as m

import torch

w = torch.tensor([4.0, -2.0], requires_grad=True)
v = torch.tensor([1.0], requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
other = torch.optim.SGD([{"params": [w]}, {"params": [v], "lr": 0.3}], lr=0.2)
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.95**epoch if epoch < 5 else 0.5 * (1 + m.cos(m.pi * epoch / 20)))
both = torch.optim.lr_scheduler.LambdaLR(other, lr_lambda=[lambda e: min(1.0, (e + 1) / 4), lambda e: 1 / (1 + 0.1 * e)])
slower = torch.optim.lr_scheduler.MultiplicativeLR(optimizer, lr_lambda=lambda step: 0.9)
for step in range(12):
    loss = (w * w).sum() + v.exp().sum()
    optimizer.zero_grad()
    other.zero_grad()
    loss.backward()
    optimizer.step()
    other.step()
    schedule.step()
    both.step()
    slower.step()
    print(step, loss.item(), schedule.get_last_lr(), both.get_last_lr(), slower.get_last_lr())
print(w, v)
