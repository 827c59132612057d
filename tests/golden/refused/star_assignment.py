# 2:4 `*rest` on the left is not understood
a, *b = 1, 2, 3
