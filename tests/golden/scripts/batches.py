import torch

torch.manual_seed(4)
data = torch.randn(10, 2)
labels = (data.sum(dim=1) > 0).float()
w = torch.zeros(2, requires_grad=True)
batch_size = 4
for epoch in range(2):
    perm = torch.randperm(len(data))
    for start in range(0, len(data), batch_size):
        idx = perm[start : start + batch_size]
        xb, yb = data[idx], labels[idx]
        loss = ((xb @ w).sigmoid() - yb).square().mean()
        loss.backward()
        w.data.sub_(0.5 * w.grad)
        w.grad.zero_()
        print(epoch, start, xb.shape[0], loss.item())
print(w)
