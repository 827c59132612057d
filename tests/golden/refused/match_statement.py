# 3:1 `match` is not understood
x = 1
match x:
    case 1:
        print("one")
