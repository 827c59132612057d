import torch

torch.manual_seed(0)
X = torch.randn(30, 3)
true_w = torch.tensor([1.0, -2.0, 0.5])
y = X @ true_w + 0.3
w = torch.zeros(3, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([w, b], lr=0.1, momentum=0.9)
for epoch in range(20):
    optimizer.zero_grad()
    pred = X @ w + b
    loss = torch.nn.functional.mse_loss(pred, y)
    loss.backward()
    optimizer.step()
    if epoch % 5 == 4:
        print("epoch", epoch, "loss", round(loss.item(), 6))
print(w.detach(), b.detach())
