# 2:12 name 'zz' is not defined
print("é", zz)
