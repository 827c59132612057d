import torch

x = torch.tensor([1.0, 2.0])
assert x.sum() == 3
assert x.shape == (2,), "wrong shape"
assert torch.allclose(x * 2, torch.tensor([2.0, 4.0])), f"unexpected {x * 2}"
assert isinstance(x, torch.Tensor) and x.ndim == 1
assert not torch.isnan(x).any()
for i in range(3):
    assert i < 3, i
    pass
print("all good")
