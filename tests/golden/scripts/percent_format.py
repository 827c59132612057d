import torch

x = torch.arange(4.0)
print("sum is %f" % x.sum())
print("%d items, mean %.3f, %s" % (x.numel(), x.mean().item(), x))
print("{} and {:.2f}".format(x.max().item(), x.std().item()))
print("{0:>8}|{1:<8}|{0:^8}".format("ab", "cd"))
print("{name}={value:+.1f}".format(name="x", value=x[3].item()))
line = "%s: " % "loss"
line += "%5.2f" % 0.123
print(line)
