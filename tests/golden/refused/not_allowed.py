# 3:5 torch.load is not known
import torch
x = torch.load("weights.pt")
