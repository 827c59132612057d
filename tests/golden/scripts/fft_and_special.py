import torch

t = torch.arange(8) / 8
signal = torch.sin(2 * torch.pi * t)
spectrum = torch.fft.fft(signal)
print(spectrum.abs().round(decimals=3))
print(torch.fft.ifft(spectrum).real.round(decimals=3))
print(torch.fft.rfft(signal).shape, torch.fft.fftfreq(4))
print(torch.special.expit(torch.tensor([0.0, 2.0])), torch.special.erf(torch.tensor(0.5)))
print(torch.special.gammaln(torch.tensor([3.0, 5.5])), torch.special.xlogy(torch.tensor(0.0), torch.tensor(0.0)))
