import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
for i in range(3):
    y = (x**2).sum()
    y.backward()
    print(i, x.grad)
x.grad = None
z = (x * 3).sum()
z.backward(retain_graph=True)
z.backward()
print(x.grad)
x.grad.mul_(0.5)
x.grad += 1
x.grad[0] = 42
print(x.grad)
x.grad = torch.zeros_like(x)
print(x.grad, x.grad is None)
