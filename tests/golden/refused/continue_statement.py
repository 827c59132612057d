# 5:9 `continue` is understood only as the last line of an `if` in a loop
import torch
for i in range(3):
    if i == 1:
        continue
        print(i)
