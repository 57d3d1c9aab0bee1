"""Magnitude spectrograms at several resolutions, computed once and shared by the losses that compare them."""

from collections.abc import Iterable, Sequence
from typing import cast

from torch import Tensor, nn

from shared.audio.spectral import Stft
from shared.losses.config import Resolution

Magnitudes = dict[Resolution, Tensor]


class Spectra(nn.Module):
    """`|STFT|` of a waveform at each of several resolutions.

    Raises:
        ConfigError: a resolution that `Stft` refuses.
    """

    def __init__(self, resolutions: Sequence[Resolution]):
        super().__init__()
        self.resolutions = tuple(dict.fromkeys(resolutions))
        self.transforms = nn.ModuleList(Stft(r.n_fft, r.hop, r.window) for r in self.resolutions)

    def forward(self, waveform: Tensor) -> Magnitudes:
        """`(batch, channels, time)` -> for each resolution `(batch · channels, bins, frames)`."""
        waveform = waveform.reshape(-1, waveform.shape[-1])
        transforms = cast(Iterable[Stft], self.transforms)
        pairs = zip(self.resolutions, transforms, strict=True)
        return {resolution: stft.magnitude(waveform) for resolution, stft in pairs}


class SpectralLoss(nn.Module):
    """Base of the losses on magnitudes: give it waveforms, or what `Spectra` made of them to `compare`."""

    def __init__(self, resolutions: Sequence[Resolution]):
        super().__init__()
        self.spectra = Spectra(resolutions)

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Loss of `prediction` against `target`, both `(batch, channels, time)`: a scalar."""
        return self.compare(self.spectra(prediction), self.spectra(target))

    def compare(self, prediction: Magnitudes, target: Magnitudes) -> Tensor:
        """The same from magnitudes, which hold at least this loss's resolutions."""
        raise NotImplementedError
