# 3:5 a list comprehension is not understood
import torch
a = [i * 2 for i in range(3)]
print(a)
