import torch

x = torch.tensor([1.5, -0.25, 1234.5678, 1e-7])
names = ["a", "bb", "ccc", "d"]
width, digits = 12, 3
print(f"{'name':<6}|{'value':>{width}}|")
print("-" * 6 + "+" + "-" * width + "+")
for name, value in zip(names, x):
    print(f"{name:<6}|{value.item():>{width}.{digits}f}|")
print(f"{x.sum()=}")
print(f"{x.shape = } {len(names)=:03d} {names!r:>40}")
print(f"{{braces}} {x[0]:.1e} {x[2].item():,.2f} {x.mean().item()!s:.6}")
total = x.abs().sum().item()
print(f"total: {total:.4f} of {x.numel()} values; done")
