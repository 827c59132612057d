import torch


def leaky(x, slope=0.1):  # a head
    # first
    if x.sum() > 0:  # positive
        # inside
        return x  # given
    # between
    y = x * slope  # scaled
    # last
    return y  # end


def sign(x):
    if x > 0:
        return 1
    elif x < 0:
        return -1
    else:
        return 0


def maybe(x):
    if x > 2:
        with torch.no_grad():
            return x * 2, x
    if x > 1:
        return None


def shout(x):
    if x < 0:
        return
    print("not negative", x)


def clipped(x, low=None):
    if low is not None:
        if low > 5:
            return low
        return x.clamp(min=low)
    return x


w = torch.tensor([1.0, -3.0], requires_grad=True)
print(leaky(w), leaky(-w, 0.5))
(leaky(w) * leaky(-w)).sum().backward()
print(w.grad)
print(sign(3), sign(-2), sign(0))
print(maybe(torch.tensor(3.0)), maybe(torch.tensor(1.5)), maybe(torch.tensor(0.0)))
a, b = maybe(torch.tensor(4.0, requires_grad=True))
print(a, b)
shout(-1)
shout(2)
print(clipped(w), clipped(w, 0.5), clipped(w, 7))


def counted(x):
    if x > 1:
        return x
    print("small", x)  # a note


def result(x):  # its own name
    if x > 1:
        return x * 2
    return clipped(x)


print(counted(2), counted(0))
result = result(torch.tensor(3.0))
print(result)
