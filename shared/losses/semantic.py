"""Linear regressors from the latent to what can be heard in the signal: pitch classes and place in stereo (SAME).

    loss = Σ_b w_b mean |W_b z + c_b − y_b|

y are targets of each latent frame, from a tight STFT with the latent's hop and windows twice as long (8192 and 4096
samples in SAME):

chroma: filters of `librosa` (from C, a bin of the spectrum adding up to its octave's weight) for a few bands of
    octaves, over `ln(1 + m)` of the magnitude m averaged over channels
level difference: `(log10(M l + 10⁻³) − log10(M r + 10⁻³)) / 3` of left and right magnitudes, M HTK mel filters that
    peak at 1; of stereo only

For the first steps the encoder does not learn from it. Frames lie on the latent's here; in the released code they begin
half a window before, and there is one fewer, which interpolation makes up for.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shared.audio.librosa_parts import from_librosa
from shared.audio.spectral import mel_filterbank
from shared.audio.tight_stft import TightStft
from shared.device import full_precision
from shared.losses.semantic_config import SemanticRegressorsConfig
from shared.losses.shaping import ShapingLoss, ShapingSetup

LEVEL_FLOOR = 1e-3


class SemanticTargets(nn.Module):
    """Chroma of each band, and the level difference of stereo.

    Raises:
        ConfigError: so many mel bands that a filter is empty.
    """

    chroma: Tensor
    mel: Tensor

    def __init__(self, config: SemanticRegressorsConfig, hop: int, sample_rate: int, channels: int):
        super().__init__()
        self.stft = TightStft(2 * hop, hop, padding="same")
        self.stereo = channels == 2 and config.level_difference > 0
        device = self.stft.window.device
        with torch.device("cpu"):
            bands = [chroma_filters(sample_rate, 2 * hop, config.chroma_bins, b.centre, b.width) for b in config.chroma]
            if self.stereo:
                mel = mel_filterbank(sample_rate, 2 * hop, config.level_bands, scale="htk", unit_area=False)
                self.register_buffer("mel", mel.to(device), persistent=False)
        self.register_buffer("chroma", torch.stack(bands).to(device), persistent=False)

    @torch.no_grad()
    def forward(self, audio: Tensor) -> list[Tensor]:
        """`(batch, channels, time)` -> each target, `(batch, bins, time / hop)`."""
        magnitude = self.stft.magnitude(audio.flatten(0, 1)).unflatten(0, audio.shape[:2])
        with full_precision(audio.device):
            loudness = magnitude.mean(dim=1).log1p()
            targets = [filters @ loudness for filters in self.chroma]
            if self.stereo:
                left, right = (self.mel @ magnitude[:, channel] for channel in (0, 1))
                targets.append(((left + LEVEL_FLOOR).log10() - (right + LEVEL_FLOOR).log10()) / 3)
        return targets


class SemanticRegressors(ShapingLoss):
    """The loss, and a 1 × 1 convolution for each target.

    Args:
        config: bands and weights.
        latent_dim: channels of a latent frame.
        hop: samples of one.
        sample_rate: in Hz.
        channels: of the audio.
    """

    def __init__(
        self, config: SemanticRegressorsConfig, latent_dim: int, hop: int, sample_rate: int, channels: int = 1
    ):
        super().__init__()
        self.targets = SemanticTargets(config, hop, sample_rate, channels)
        self.weights = [band.weight for band in config.chroma]
        sizes = [config.chroma_bins] * len(config.chroma)
        if self.targets.stereo:
            self.weights.append(config.level_difference)
            sizes.append(config.level_bands)
        self.regressors = nn.ModuleList(nn.Conv1d(latent_dim, size, 1) for size in sizes)

    def forward(self, latents: Tensor, audio: Tensor, texts: list[str] | None = None) -> Tensor:
        """The loss of what can be heard in the audio, a scalar; see `ShapingLoss`."""
        pairs = zip(self.regressors, self.targets(audio), strict=True)
        errors = [F.l1_loss(regressor(latents).float(), target) for regressor, target in pairs]
        return sum((weight * error for weight, error in zip(self.weights, errors, strict=True)), torch.zeros(()))


def chroma_filters(sample_rate: int, n_fft: int, bins: int, centre: float, width: float) -> Tensor:
    """`(bins, n_fft / 2 + 1)`: which pitch class, from C upwards, each bin of a spectrum belongs to.

    Octaves weigh as a Gaussian of standard deviation `width` around `centre` does, in octaves above 27.5 Hz.
    """
    filters = from_librosa("filters").chroma(
        sr=sample_rate, n_fft=n_fft, n_chroma=bins, ctroct=centre, octwidth=width, norm=1, base_c=True
    )
    return torch.from_numpy(filters).float()


def build(config: SemanticRegressorsConfig, setup: ShapingSetup) -> SemanticRegressors:
    """The regressors for latents of such setup."""
    return SemanticRegressors(config, setup.latent_dim, setup.hop, setup.sample_rate, setup.channels)
