import torch

params = [torch.ones(2, requires_grad=True), torch.zeros(3, requires_grad=True)]
loss = params[0].sum() + (params[1] ** 2).sum()
loss.backward()
for p in params:
    print(p.grad)
params[0].data.add_(1)
print(params[0])
config = {"lr": 0.1, "steps": 3, "name": "test"}
print(config["lr"], config.get("missing"), config.get("steps", 0), list(config.keys()))
config["lr"] = 0.01
config["lr"] *= 2
print(config)
pairs = [(1, 2), (3, 4)]
pairs.append((5, 6))
pairs[0] = (9, 9)
print(pairs, pairs[-1][0], len(pairs), (1, 2) + (3,), [0] * 3, "ab" * 2)
print(sorted([3, 1, 2], reverse=True), list(range(5)), tuple([1, 2]), 3 in [1, 2, 3], "x" not in "abc")
