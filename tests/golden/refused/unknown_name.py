# 4:11 name 'y' is not defined
import torch
x = torch.ones(2)
print(x + y)
