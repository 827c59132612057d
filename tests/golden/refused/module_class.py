# 4:1 a class is not understood
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
net = Net()
print(net)
