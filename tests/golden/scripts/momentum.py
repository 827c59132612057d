import torch

theta = torch.tensor([5.0, -3.0], requires_grad=True)
velocity = torch.zeros(2)
lr, beta = 0.05, 0.9
for t in range(1, 11):
    loss = (theta**2 * torch.tensor([1.0, 10.0])).sum()
    loss.backward()
    with torch.no_grad():
        velocity = beta * velocity + theta.grad
        theta -= lr * velocity
        theta.grad.zero_()
    print(t, loss.item(), theta.tolist())
