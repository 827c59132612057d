# 2:1 `try` is not understood
try:
    print(1)
except ValueError:
    print(2)
