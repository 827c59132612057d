import torch

a = torch.zeros(3, 4)
a[0] = 1
a[1, 2] = 5.5
a[:, -1] = torch.tensor([7.0, 8.0, 9.0])
a[a == 0] = -1
a[2, :2] += 10
a[0, 0] *= 3
a[..., 1] -= a[..., 0]
print(a)
b = a.clone()
b[1:] = b[:-1].clone()
print(b)
a[0], a[1] = a[1].clone(), a[0].clone()
print(a)
