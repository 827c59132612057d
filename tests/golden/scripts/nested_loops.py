import torch

table = torch.zeros(3, 4)
for i in range(3):
    for j in range(4):
        table[i, j] = i * 10 + j
print(table)
total = 0
for row in table:
    row_sum = 0.0
    for value in row:
        row_sum += value.item()
    print("row sum", row_sum)
    total += row_sum
print("total", total, "last", i, j, row_sum)
