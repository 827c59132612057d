import torch

t1 = torch.tensor([0.7659, -2.0262, -1.4139, 1.1822, -1.1543], requires_grad=True)
two = torch.tensor(2.0)
t2 = t1 + two
print(t1.is_leaf, t1.requires_grad, t1.grad_fn)
# A tensor that needs no gradient is a leaf too, and so is all that is computed from such tensors alone.
four = two * two
print(two.is_leaf, two.requires_grad, two.grad_fn)
print(four.is_leaf, four.requires_grad, four.grad_fn)
print(t2.is_leaf, t2.requires_grad, t2.grad_fn)
