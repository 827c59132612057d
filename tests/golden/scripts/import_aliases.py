import math as m
import torch as th
import torch.nn.functional as func
from math import pi, sqrt
from torch import arange, nn, tensor
from torch.nn import functional as G

x = tensor([1.0, -1.0, pi])
y = th.relu(x) + func.relu(-x) + G.leaky_relu(x) + nn.functional.elu(x)
print(y, sqrt(2), m.floor(2.7), m.cos(pi))
print(arange(3), th.nn.functional.softmax(x, dim=0), nn.functional.normalize(x, dim=0))
import torch.linalg

print(torch.linalg.norm(x))
