import torch
import torch.nn.functional as F

torch.manual_seed(0)


def linear(x, w, b=None):
    y = x @ w.t()
    if b is not None:
        y = y + b
    return y


def mlp(x, w1, b1, w2, *, act=None, p: float = 0.0) -> torch.Tensor:
    """A small network.

    Two layers.
    """
    h = torch.tanh(linear(x, w1, b1))  # hidden
    return linear(h, w2)


x = torch.randn(4, 3)
w1 = torch.randn(5, 3, requires_grad=True)
b1 = torch.zeros(5, requires_grad=True)
w2 = torch.randn(1, 5, requires_grad=True)
out = mlp(x, w1, b1, w2)
loss = F.mse_loss(out, torch.ones(4, 1))
loss.backward()
print(loss.item(), w1.grad, b1.grad, w2.grad)
print(mlp(x=x, w2=w2, w1=w1, b1=None, p=0.5).sum())
