# 2:7 `eval()` is not understood
print(eval("1 + 1"))
