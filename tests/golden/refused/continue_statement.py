# 4:9 `continue` is not understood
for i in range(3):
    if i == 1:
        continue
    print(i)
