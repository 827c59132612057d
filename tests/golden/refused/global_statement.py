# 2:1 `global` is not understood
global x
