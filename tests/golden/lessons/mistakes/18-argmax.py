import torch

scores = torch.tensor([1.0, 3.0, 2.0], requires_grad=True)
place = torch.argmax(scores)
loss = (place - 0.5) ** 2
loss.backward()
print(scores.grad)
