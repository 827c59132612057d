import torch
import torch.nn.functional as F

words = ["emma", "olivia", "ava"]
chars = "abcdefghijklmnopqrstuvwxyz."
xs, ys = [], []
for word in words:
    previous = "."
    for ch in word:
        xs.append(chars.index(previous))
        ys.append(chars.index(ch))
        previous = ch
    xs.append(chars.index(previous))
    ys.append(chars.index("."))
xs, ys = torch.tensor(xs), torch.tensor(ys)
print("examples:", xs.nelement())
g = torch.Generator().manual_seed(2147483647)
W = torch.randn((27, 27), generator=g, requires_grad=True)
for k in range(5):
    xenc = F.one_hot(xs, num_classes=27).float()
    logits = xenc @ W
    counts = logits.exp()
    probs = counts / counts.sum(1, keepdim=True)
    loss = -probs[torch.arange(xs.nelement()), ys].log().mean() + 0.01 * (W**2).mean()
    print(k, loss.item())
    W.grad = None
    loss.backward()
    W.data += -10 * W.grad
