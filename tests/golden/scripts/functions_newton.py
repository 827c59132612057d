import torch

# Newton's method with a helper
def poly(x):  # f
    # the polynomial
    return x ** 3 - 2 * x - 5


def newton(x):
    y = poly(x)
    (d,) = torch.autograd.grad(y, x)
    return (x - y / d).detach().requires_grad_()


x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
for i in range(6):
    x = newton(x)
    print(i, x.item())

# unused
def unused(a, b=2, *, c=None):
    return a + b


print(poly(x).abs() < 1e-9)
