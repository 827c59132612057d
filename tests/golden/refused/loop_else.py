# 5:5 `else` of a loop is not understood
for i in range(3):
    print(i)
else:
    print("done")
