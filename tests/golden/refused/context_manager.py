# 3:6 this context manager is not understood
import torch
with torch.autograd.set_detect_anomaly(True):
    print(1)
