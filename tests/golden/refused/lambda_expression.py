# 2:5 `lambda` is not understood here
f = lambda x: x
