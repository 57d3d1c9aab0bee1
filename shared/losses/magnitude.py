"""How far a decoder's magnitudes are from a recording's, whatever the phases.

    w_log mean w |log(1 + X / f) - log(1 + Y / f)| + w_convergence ||Y - X||_F / ||Y||_F + w_mel LogMelLoss(X, Y)

X is the prediction, Y the target, f a floor, and w how many mel a bin covers, 1 on average. Below the floor a
difference counts in proportion: what is too quiet to be heard asks for little, but not for nothing, as it would below a
hard one.
"""

import torch
from torch import Tensor, nn

from shared.audio.spectral import Stft, hertz_to_mel, soft_log
from shared.losses.config import MagnitudeWeights
from shared.losses.mel import LogMelLoss
from shared.losses.multi_resolution_stft import FLOOR


class MagnitudeLoss(nn.Module):
    """The formula above.

    Args:
        config: weights, and how many mel bands.
        sample_rate: Hz.
        stft: what the magnitudes are of.
        floor: f.

    Raises:
        ConfigError: so many mel bands that one is empty.
    """

    weight: Tensor

    def __init__(self, config: MagnitudeWeights, sample_rate: int, stft: Stft, floor: float):
        super().__init__()
        self.weights = config.model_dump(exclude={"n_mels"})
        self.stft, self.floor = stft, floor
        self.mel = LogMelLoss(stft.n_fft, config.n_mels, sample_rate)
        self.register_buffer("weight", mel_density(stft.n_fft, sample_rate)[:, None], persistent=False)

    def forward(self, magnitudes: Tensor, target: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """`(batch, channels, bins, frames)` and a waveform `(batch, channels, time)` -> total, each unweighted term."""
        x = magnitudes.flatten(0, 1)
        with torch.no_grad():
            y = self.stft.magnitude(target.flatten(0, 1))
        norm = torch.linalg.vector_norm
        parts = {
            "log": (self.weight * (soft_log(x, self.floor) - soft_log(y, self.floor)).abs()).mean(),
            "convergence": norm(y - x) / norm(y).clamp_min(FLOOR),
            "mel": self.mel(x, y),
        }
        return sum((self.weights[name] * part for name, part in parts.items()), torch.zeros(())), parts


def mel_density(n_fft: int, sample_rate: int) -> Tensor:
    """Mel (Slaney's) that each of the `n_fft / 2 + 1` bins covers, over their mean."""
    edges = (torch.arange(n_fft // 2 + 2) - 0.5).clamp(0, n_fft / 2).double() * sample_rate / n_fft
    density = hertz_to_mel(edges, "slaney").diff() / edges.diff()
    return (density / density.mean()).float()
