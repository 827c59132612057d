import torch

x = torch.tensor([1.0, -2.0, 3.0])
for i in range(7):
    if i == 0:
        print("first")
    elif i % 3 == 0:
        print("fizz", i)
    elif i % 5 == 0:
        kind = "buzz"
        print(kind, i)
    else:
        print(i)
if x.sum() > 1:
    label = "large"
else:
    label = "small"
print(label)
if x[1] < 0 and x[0] > 0:
    x = x.abs()
if not x.min() < 0:
    print("no negatives", x)
if x.requires_grad:
    print("never")
