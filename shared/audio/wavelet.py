"""Discrete wavelet transform with the filters of Cohen, Daubechies and Feauveau (1992), 9 and 7 taps long.

They are symmetric and those of JPEG 2000's lossy mode, here scaled so that low-pass gains √2 at 0 Hz.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# From the middle tap outwards.
LOW = (0.8526986790088938, 0.37740285561283066, -0.11062440441843718, -0.023849465019556843, 0.03782845550726404)
HIGH = (-0.7884856164055829, 0.41809227322161724, 0.04068941760916406, -0.06453888262869706)


class Wavelet(nn.Module):
    """`(batch, channels, time)` -> `(batch, channels · 2^levels, time / 2^levels)`; time is a multiple of 2^levels.

    Each level halves the rate of the lowest band by splitting it in two; of the bands above it, neighbouring samples
    become channels. The waveform is mirrored at its ends.
    """

    kernel: Tensor

    def __init__(self, levels: int):
        super().__init__()
        self.levels = levels
        low = torch.tensor([*reversed(LOW[1:]), *LOW])
        # One sample earlier than the low-pass: together the two read every sample once.
        high = torch.tensor([*reversed(HIGH[1:]), *HIGH, 0, 0])
        self.register_buffer("kernel", torch.stack([low, high]).unsqueeze(1), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """See the class.

        Raises:
            ValueError: time is no multiple of 2^levels, or the lowest band becomes too short to be mirrored.
        """
        margin = self.kernel.shape[-1] // 2
        if not self.fits(audio.shape[-1]):
            raise ValueError(f"{audio.shape[-1]} samples can't be halved {self.levels} times; take fewer levels")
        low, rest = audio, audio[:, :0]
        for _ in range(self.levels):
            parts = F.conv1d(F.pad(low.flatten(0, 1).unsqueeze(1), (margin, margin), "reflect"), self.kernel, stride=2)
            low, high = parts.unflatten(0, low.shape[:2]).unbind(2)
            rest = torch.cat([high, rest.unflatten(2, (-1, 2)).transpose(2, 3).flatten(1, 2)], dim=1)
        return torch.cat([low, rest], dim=1)

    def fits(self, time: int) -> bool:
        """Whether so many samples can be halved that often, and be long enough to be mirrored each time."""
        margin = self.kernel.shape[-1] // 2
        return time % 2**self.levels == 0 and time > margin * 2 ** (self.levels - 1)
