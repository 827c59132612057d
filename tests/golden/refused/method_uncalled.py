# 4:7 `.sum` is a method
import torch
x = torch.ones(2)
print(x.sum)
