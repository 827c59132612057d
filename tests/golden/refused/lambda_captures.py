# 5:64 a function here may use `epoch`, numbers, min, max, abs, round and math, not `decay`
import torch
decay = 0.9
optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1)
s = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: decay**epoch)
