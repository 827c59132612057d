# 2:5 `:=` is not understood
if (n := 3) > 2:
    print("no")
