# 2:5 `lambda` is not understood
f = lambda x: x
