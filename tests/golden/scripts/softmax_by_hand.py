import torch

torch.manual_seed(9)
logits = torch.randn(3, 4, requires_grad=True)
shifted = logits - logits.max(dim=1, keepdim=True).values
e = shifted.exp()
p = e / e.sum(dim=1, keepdim=True)
picked = p[[0, 1, 2], [1, 0, 3]]
loss = -picked.log().mean()
loss.backward()
onehot = torch.zeros(3, 4)
onehot[[0, 1, 2], [1, 0, 3]] = 1
expected = (p - onehot) / 3
print(loss, torch.allclose(logits.grad, expected, atol=1e-6))
print(logits.grad.sum(dim=1).abs().max().item() < 1e-6)
