#!/usr/bin/env bash
# Packages: torch 2.13.0 (on a CPU), numpy.
# Guess: each number of a spectrum that a model predicts is heard, and gets a gradient; or an inverse FFT of a
#   spectrum that no real signal has is an error.
# What happens: torch.fft.irfft and torch.istft leave out the imaginary parts of 0 Hz and of half the rate, whatever
#   they are, without an error, and their gradient is exactly 0. (Run on a CPU; a GPU's library need not do the same.)
# Why: the FFT of a real signal is real there, and the transform from half a spectrum has no place for more.
# Who meets it: whoever has a decoder that predicts a complex spectrum: those outputs stay as they were initialised,
#   and another backend or another implementation of the inverse may let them be heard.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile torch==2.13.0 numpy==2.4.6
cd "$folder"
env/bin/python - <<'EOF'
import torch

print("torch", torch.__version__)
torch.manual_seed(0)
spectrum = torch.randn(5, dtype=torch.complex64, requires_grad=True)
waveform = torch.fft.irfft(spectrum, n=8)
ends = torch.tensor([1.0, 0, 0, 0, 1.0])
real_ends = torch.complex(spectrum.real, spectrum.imag * (1 - ends)).detach()
change = (torch.fft.irfft(real_ends, n=8) - waveform).abs().max().item()
(waveform * torch.randn(8)).sum().backward()
print("imaginary parts at the ends:", spectrum.imag[[0, -1]].tolist(), "change without them:", change)
print("gradient of the imaginary parts:", [round(value, 3) for value in spectrum.grad.imag.tolist()])
window = torch.hann_window(64)
frames = torch.stft(torch.randn(640), 64, 16, window=window, return_complex=True)
loud = frames.clone()
loud[0] += 100j
loud[-1] += 100j
restored = torch.istft(loud, 64, 16, window=window) - torch.istft(frames, 64, 16, window=window)
print("change of istft by 100j at both ends:", restored.abs().max().item())
assert change == 0 and spectrum.grad.imag[[0, -1]].abs().max() == 0 and restored.abs().max() == 0
assert spectrum.grad.imag[1:-1].abs().min() > 0
EOF
