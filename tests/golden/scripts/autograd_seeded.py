import torch

torch.manual_seed(0)
t1 = torch.randn(5, requires_grad=True)
t2 = t1 + 2
t3 = 2 * t2**2
t4 = t3.mean()
print(t1, t2, t3, t4, sep="\n")
t4.backward()
print("grad:", t1.grad)
