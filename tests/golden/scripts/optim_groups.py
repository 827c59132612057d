import torch

a = torch.ones(2, requires_grad=True)
b = torch.full((2,), 3.0, requires_grad=True)
opt = torch.optim.SGD([{"params": [a], "lr": 0.1}, {"params": [b]}], lr=0.01, weight_decay=0.1)
for i in range(3):
    opt.zero_grad(set_to_none=False)
    ((a - b) ** 2).sum().backward()
    opt.step()
    print(i, a, b)
for group in opt.param_groups:
    group["lr"] = group["lr"] / 10
    print(group["lr"], len(group["params"]))
opt.param_groups[0]["lr"] = 1.0
print(opt.param_groups[0]["lr"])
