# 2:1 3 values for 2 names
a, b = 1, 2, 3
