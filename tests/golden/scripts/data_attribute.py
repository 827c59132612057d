import torch

w = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
lr = 0.1
for i in range(3):
    loss = (w**2).sum()
    loss.backward()
    w.data -= lr * w.grad.data
    w.grad.data.zero_()
    print(i, loss.item(), w.data)
w.data[0] = 7
w.data = w.data * 2
print(w, w.is_leaf)
