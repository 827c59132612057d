import torch

a = torch.tensor(2.0, requires_grad=True)
b = torch.tensor(3.0, requires_grad=True)
c = a * b + a.sin()
fn = c.grad_fn
print(fn.name(), len(fn.next_functions))
print(fn.next_functions[0][0].name(), fn.next_functions[1][0].name())
print(fn.next_functions[0][0].next_functions[0][0].name())
leaf = fn.next_functions[0][0].next_functions[0][0].variable
print(leaf is a, leaf)
print(type(c).__name__, type(fn).__name__, c.grad_fn is not None)
for child, index in fn.next_functions:
    print(child.name(), index)
