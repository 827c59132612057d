# 2:5 `open()` is not understood
f = open("x")
