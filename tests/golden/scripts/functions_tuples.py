import torch


def stats(x: torch.Tensor, dim: int = -1) -> tuple[torch.Tensor, torch.Tensor]:
    mean = x.mean(dim, keepdim=True)
    var = ((x - mean) ** 2).mean(dim, keepdim=True)
    return mean, var


def norm(x, eps=1e-5):
    m, v = stats(x)
    return (x - m) / torch.sqrt(v + eps)


x = torch.arange(6, dtype=torch.float32).reshape(2, 3).requires_grad_()
a, b = stats(x, 0)
print(a, b)
pair = stats(x)
print(pair[0].shape, len(pair))
(mean, _), z = stats(x, dim=1), norm(x)
print(mean, z)
(z ** 3).sum().backward()
print(x.grad)
print(*stats(x.detach()), sep="\n")
