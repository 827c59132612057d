import torch

x = torch.linspace(-2, 2, 9)
print(x.abs().sqrt().sum().item())
print(x.clamp(-1, 1).unsqueeze(0).repeat(2, 1).mean(dim=0).tolist())
print(x.reshape(3, 3).softmax(dim=-1).argmax(dim=-1).float().mean())
print(
    x.view(3, 3)
    .transpose(0, 1)
    .contiguous()  # a comment inside
    .view(-1)
    .cumsum(0)
)
print((x.pow(2) + 1).log().exp().sub(1).div(x + 1e-3).round(decimals=3))
print(x.sigmoid().gt(0.5).any().item(), x.eq(0).all().item())
