# 3:1 `del` is not understood
x = 1
del x
