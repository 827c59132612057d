import torch

x = torch.ones(3, requires_grad=True)
with torch.no_grad():
    y = x * 2
    with torch.enable_grad():
        z = x * 3
print(y.requires_grad, z.requires_grad)
with torch.inference_mode():
    u = x + 1
print(u.requires_grad, u.is_inference())
with torch.set_grad_enabled(False):
    v = x.sum()
print(v.requires_grad, torch.is_grad_enabled())
flag = True
with torch.set_grad_enabled(flag), torch.no_grad():
    print(torch.is_grad_enabled())
with torch.enable_grad():
    print(torch.is_grad_enabled())
