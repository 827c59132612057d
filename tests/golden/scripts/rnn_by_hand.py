import torch

torch.manual_seed(5)
Wx, Wh = torch.randn(3, 4) * 0.5, torch.randn(4, 4) * 0.5
Wx.requires_grad_()
Wh.requires_grad_()
sequence = torch.randn(6, 3)
h = torch.zeros(4)
states = []
for x in sequence:
    h = torch.tanh(x @ Wx + h @ Wh)
    states.append(h)
loss = torch.stack(states).mean(0).sum()
loss.backward()
print(loss.item(), Wx.grad.norm(), Wh.grad.norm())
print(h, len(states), x)
