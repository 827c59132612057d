# 4:22 `**` in a call is not understood
import torch
options = {"dtype": torch.float64}
x = torch.zeros(2, **options)
