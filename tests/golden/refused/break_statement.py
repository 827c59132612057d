# 4:5 `break` is understood only as the last line of an `if` in a loop
import torch
for i in range(3):
    break
