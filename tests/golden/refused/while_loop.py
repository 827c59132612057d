# 4:1 `while` is not understood
import torch
i = 0
while i < 3:
    i += 1
