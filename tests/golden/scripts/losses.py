import torch
from torch.nn import functional as F

torch.manual_seed(11)
logits = torch.randn(4, 3, requires_grad=True)
target = torch.tensor([0, 2, 1, 1])
loss = F.cross_entropy(logits, target)
manual = -F.log_softmax(logits, dim=1)[range(4), target].mean()
print(loss, manual, torch.allclose(loss, manual))
loss.backward()
print(logits.grad)
print(F.mse_loss(logits[0], torch.zeros(3)), F.l1_loss(logits[1], torch.ones(3), reduction="sum"))
print(F.smooth_l1_loss(logits[2], torch.zeros(3)), F.nll_loss(logits.log_softmax(1), target))
print(F.one_hot(target, num_classes=3), F.softplus(torch.tensor(1.0)), F.gelu(torch.tensor([-1.0, 1.0])))
