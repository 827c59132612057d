import torch


def bump(t, by=1.0):
    t += by
    t[0] = 0
    t.mul_(2)


def fill(buf):
    buf.zero_()
    buf[1:] = 7
    return buf


v = torch.ones(3)
bump(v)
print(v)
bump(v, by=0.5)
print(v)
w = v
bump(w)
print(v, w is v)
print(fill(v), v)
items = []


def push(x):
    items.append(x)
    return len(items)


for i in range(3):
    print(push(i * 2))
print(items)
bump(v[1:])
print(v)
