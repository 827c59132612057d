import torch

x = torch.tensor([1, 2, 3])
print(x.dtype, x.float().dtype, x.double().dtype, x.to(torch.int8).dtype, x.half().dtype)
print((x / 2).dtype, (x // 2).dtype, (x * 1.5).dtype, (x > 1).dtype, (x + True).dtype)
y = x.to(torch.float64)
print(y, y.type(torch.int32), y.long(), y.bool())
print(torch.tensor([True, False]).sum(), torch.tensor(3.9).int(), torch.tensor([1.5, -1.5]).trunc())
print(torch.promote_types(torch.int32, torch.float16), torch.result_type(x, 1.0), x.element_size())
z = torch.zeros(2, dtype=torch.complex64)
z[0] = 1 + 2j
print(z, z.real, z.imag, z.conj(), z.abs(), torch.view_as_real(z))
dt = torch.bfloat16
print(torch.ones(2, dtype=dt) / 3)
print(x.dtype == torch.int64, x.is_floating_point(), y.dtype is torch.float64)
