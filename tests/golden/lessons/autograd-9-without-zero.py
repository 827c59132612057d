import torch

weights = torch.ones(4, requires_grad=True)
for epoch in range(2):
    model_output = (weights * 3).sum()
    model_output.backward()
    # Nobody empties weights.grad: the second backward adds to the first.
    print(weights.grad)
    with torch.no_grad():
        weights -= 0.1 * weights.grad
print(weights)
print(model_output)
