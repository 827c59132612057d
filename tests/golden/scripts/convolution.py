import torch
import torch.nn.functional as F

torch.manual_seed(2)
image = torch.randn(1, 1, 5, 5)
kernel = torch.tensor([[[[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]]]], requires_grad=True)
out = F.conv2d(image, kernel, padding=1)
pooled = F.max_pool2d(out.relu(), kernel_size=2, stride=1)
print(out.shape, pooled.shape)
pooled.mean().backward()
print(kernel.grad)
print(F.pad(image, (1, 1, 0, 0)).shape, F.avg_pool2d(image, 2).shape, F.interpolate(image, scale_factor=2).shape)
