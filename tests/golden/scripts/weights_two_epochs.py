import torch

weights = torch.ones(4, requires_grad=True)
for epoch in range(2):
    output = (weights * 3).sum()
    output.backward()
    print(weights.grad)
    with torch.no_grad():
        weights -= 0.1 * weights.grad
    weights.grad.zero_()
print(weights)
print(output)
