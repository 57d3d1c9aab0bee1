"""What can be set about losses. Imports no torch."""

import operator
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from shared.config import Strict
from shared.text.config import TextConfig

Layer = PositiveInt | Literal["last", "average"]
AdversarialKind = Literal["least_squares", "hinge", "relativistic"]
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


class SpectralDistanceConfig(Strict):
    """RAVE's reconstruction loss, a term a window length; see `shared.losses.spectral_distance`."""

    n_ffts: tuple[Annotated[int, Field(ge=4, multiple_of=4)], ...] = Field((2048, 1024, 512, 256, 128), min_length=1)
    logarithm: Literal["l1_of_logs", "log_of_l1"] = Field(
        "l1_of_logs",
        description="the second term: L1 distance of log magnitudes, as in RAVE's released code, or log of the L1 "
        "distance, as in the paper. That one has no lower bound, and pulls the harder the nearer it gets",
    )
    bands: Annotated[int, Field(ge=2)] | None = Field(
        None, description="also of the bands of a filter bank, and their term is added; RAVE's released code: 16"
    )


class ReconstructionWeights(Strict):
    """Weight of each term; the defaults are LongCat-AudioDiT's (its authors, GitHub issue 15), of `spectral` RAVE's."""

    l1: NonNegativeFloat = 1.0
    stft: NonNegativeFloat = 3.0
    mel: NonNegativeFloat = 3.0
    spectral: NonNegativeFloat = 1.0
    complex_stft: NonNegativeFloat = Field(1.0, description="of the terms that complex_stft asks for")


class ComplexStftConfig(Strict):
    """Distances of complex spectrograms, phase included, as SAME has them; see `shared.losses.complex_stft`."""

    resolutions: tuple[Resolution, ...] = Field(
        min_length=1, description="the hop divides n_fft, at least twice; a window of its own is not for these"
    )
    contrast: NonNegativeFloat = 1.0
    log_magnitude: NonNegativeFloat = 1.0
    phase: NonNegativeFloat = Field(1.0, description="off in the released code unless asked for; SAME's is not known")

    @model_validator(mode="after")
    def _windows_are_tight(self):
        for resolution in self.resolutions:
            if resolution.window not in (None, resolution.n_fft):
                raise ValueError(f"complex_stft: the window is as long as n_fft {resolution.n_fft}; leave window out")
        return self


StereoView = Literal["channels", "sum_difference", "both"]


class ReconstructionConfig(Strict):
    """Terms of the reconstruction loss; a mel scale that has an STFT resolution's size needs no transform."""

    weights: ReconstructionWeights = ReconstructionWeights()
    stft: tuple[Resolution, ...]
    mel: tuple[MelResolution, ...]
    perceptual: bool = True  # A-weights the STFT term
    spectral: SpectralDistanceConfig | None = None
    complex_stft: ComplexStftConfig | None = Field(None, description="SAME's spectral terms, phase included")
    stereo: StereoView = Field(
        "channels",
        description="what the spectral terms compare of stereo: left and right; their sum and difference; or both, "
        "whose terms add up, as in SAME",
    )


class KlTarget(Strict):
    """How much the latent is to hold: one of the two."""

    nats: PositiveFloat | None = Field(None, description="a latent frame, over all channels")
    kbps: PositiveFloat | None = Field(None, description="kilobits a second")

    @model_validator(mode="after")
    def _one_unit(self):
        if (self.nats is None) == (self.kbps is None):
            raise ValueError("give either nats or kbps")
        return self


class KlConfig(Strict):
    """Weight of the KL, or of its squared distance from a target; see `shared.losses.kl`."""

    weight: NonNegativeFloat = Field(
        description="of the KL in nats a latent frame, or of ((KL − target) / dim)²; of a σ-VAE, of the mean of μ². "
        "RAVE's code leaves out the KL's factor ½: its β is a weight of 2 β here"
    )
    target: KlTarget | None = None
    passthrough: float = Field(
        0.0, ge=0, lt=1, description="share of the training steps that decode the mean and have no KL term (Target-KL)"
    )


class GradientRatio(Strict):
    """A weight that is computed anew in each update instead of given; see `shared.losses.gradient_ratio`."""

    gradient_ratio: PositiveFloat = Field(
        description="norm of the weighted alignment's gradient at the encoder's parameters, as a share of that of the "
        "unweighted mel term; SemaVoice: 0.5"
    )


class AlignmentConfig(Strict):
    """Which of the teacher's hidden states the latent is pulled to, how and how strongly."""

    distance: Literal["cosine", "l1", "mse"] = "cosine"
    pairwise: NonNegativeFloat = Field(
        0.0, description="weight, beside the distance of frames, of that of their cosine similarities; SemaVoice: 1"
    )
    layer: Layer = Field(description="after which of the teacher's blocks; average: mean over all blocks")
    weight: PositiveFloat | GradientRatio = 1.0
    projection: Literal["conv", "linear"] = Field(
        "conv", description="of the teacher's features: convolutions (Semantic-VAE) or one linear layer (SemaVoice)"
    )
    width: PositiveInt | None = Field(
        None, description="channels inside projection conv; none: 128, as in Semantic-VAE"
    )

    @model_validator(mode="after")
    def _width_is_of_convolutions(self):
        if self.projection == "linear" and self.width is not None:
            raise ValueError(f"projection linear has no width (got {self.width}); leave it out, or set width: null")
        return self


class ShapingLossConfig(Strict):
    """What the small models that shape a latent while it is learned (SAME) have in common.

    SAME's weights are not known.
    """

    weight: PositiveFloat = Field(description="of the loss beside the autoencoder's")
    detach_steps: NonNegativeInt = Field(
        10_000, description="steps in which the model learns from the latents, and the encoder not from the model"
    )


class GenerativeProbeConfig(ShapingLossConfig):
    """A small flow-matching transformer over the latents, `shared.losses.generative_probe`; the sizes are SAME's."""

    width: PositiveInt = 768
    depth: PositiveInt = 4
    heads: PositiveInt = 8
    feed_forward: PositiveInt = Field(4, description="inner width of the feed-forward layers, in widths")
    time_features: int = Field(512, gt=0, multiple_of=2)
    truncation: float = Field(0.075, gt=0, lt=1, description="below it, logistic-normal times are not drawn")

    @model_validator(mode="after")
    def _heads_divide_width(self):
        if self.width % (4 * self.heads):
            raise ValueError(
                f"width {self.width} must be a multiple of 4 x {self.heads} heads (RoPE turns pairs of half of each)"
            )
        return self


class ChromaBandConfig(Strict):
    """Pitch classes, heard in some octaves more than in others; in octaves from 27.5 Hz, the lowest A of a piano."""

    centre: float = Field(description="octave that weighs most")
    width: PositiveFloat = Field(description="standard deviation of the weight, in octaves")
    weight: PositiveFloat


class SemanticRegressorsConfig(ShapingLossConfig):
    """Linear maps from the latent to what can be heard in the signal, `shared.losses.semantic`; SAME's values."""

    chroma: tuple[ChromaBandConfig, ...] = (
        ChromaBandConfig(centre=1.0, width=1.0, weight=0.035),
        ChromaBandConfig(centre=5.0, width=1.5, weight=0.05),
        ChromaBandConfig(centre=9.0, width=1.0, weight=0.2),
    )
    chroma_bins: PositiveInt = Field(128, description="pitch classes of an octave")
    level_difference: NonNegativeFloat = Field(0.1, description="weight of the level difference between two channels")
    level_bands: PositiveInt = Field(32, description="mel bands of the level difference")


class ContrastiveCriticConfig(ShapingLossConfig):
    """A transformer that tells latents with their own audio and text from others, `shared.losses.contrastive`.

    The defaults are SAME's, but for the text, which T5Gemma reads there (`kind: t5gemma`).
    """

    text: TextConfig | None = Field(
        None,
        discriminator="kind",
        description="what reads the clips' texts, frozen or trained with the critic; none: audio alone is told apart",
    )
    width: PositiveInt = 512
    depth: PositiveInt = 4
    head_dim: int = Field(64, gt=0, multiple_of=4)
    feed_forward: PositiveInt = Field(2, description="inner width of the feed-forward layers, in widths")
    wavelet_levels: PositiveInt = Field(8, description="how often the audio is halved, to be 2 to the power as wide")
    margin: float = 0.5
    negatives: PositiveInt = Field(1024, description="pairs at most, a step")
    frame_mask: float = Field(0.4, ge=0, lt=1, description="share of the audio's frames that are left out")
    audio_dropout: float = Field(0.35, ge=0, lt=1)
    latent_dropout: float = Field(0.1, ge=0, lt=1)
    latent_noise: NonNegativeFloat = Field(1e-2, description="its standard deviation, after the embedding")
    gain: NonNegativeFloat = Field(0.2, description="by how much the audio is made louder, at most")

    @model_validator(mode="after")
    def _heads_divide_width(self):
        if self.width % self.head_dim:
            raise ValueError(f"width {self.width} must be a multiple of head_dim {self.head_dim}")
        return self


class ShapingConfig(Strict):
    """The small models that shape a latent while it is learned, as in SAME: one, two or all three."""

    # Left out of the JSON where they are not used: a run's folder is named after a hash of it.
    probe: GenerativeProbeConfig | None = Field(None, exclude_if=operator.not_)
    semantic: SemanticRegressorsConfig | None = Field(None, exclude_if=operator.not_)
    contrastive: ContrastiveCriticConfig | None = Field(None, exclude_if=operator.not_)

    @property
    def parts(self) -> dict[str, ShapingLossConfig]:
        """Those that there are, by name."""
        named = {"probe": self.probe, "semantic": self.semantic, "contrastive": self.contrastive}
        return {name: part for name, part in named.items() if part is not None}

    @model_validator(mode="after")
    def _has_a_part(self):
        if not self.parts:
            raise ValueError("give probe, semantic or contrastive, or leave shaping out")
        return self
