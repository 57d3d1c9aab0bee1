"""What can be set about losses. Imports no torch."""

from typing import Literal

from pydantic import NonNegativeFloat, PositiveInt

from shared.config import Strict

AdversarialKind = Literal["least_squares", "hinge"]
Reduction = Literal["mean", "sum"]


class Resolution(Strict):
    """An STFT's size in samples; the window is as long as `n_fft` unless given."""

    n_fft: PositiveInt
    hop: PositiveInt
    window: PositiveInt | None = None


class MelResolution(Resolution):
    """An STFT's size and how many mel bands its bins are gathered in."""

    n_mels: PositiveInt

    @property
    def resolution(self) -> Resolution:
        """The size alone: what a plain STFT loss of equal size shares its magnitudes under."""
        return Resolution(n_fft=self.n_fft, hop=self.hop, window=self.window)


class ReconstructionWeights(Strict):
    """Weight of each term; the defaults are LongCat-AudioDiT's (its authors, GitHub issue 15)."""

    l1: NonNegativeFloat = 1.0
    stft: NonNegativeFloat = 3.0
    mel: NonNegativeFloat = 3.0


class ReconstructionConfig(Strict):
    """Terms of the reconstruction loss; a mel scale that has an STFT resolution's size needs no transform."""

    weights: ReconstructionWeights = ReconstructionWeights()
    stft: tuple[Resolution, ...]
    mel: tuple[MelResolution, ...]
    perceptual: bool = True  # A-weights the STFT term
