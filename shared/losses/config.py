"""What can be set about losses. Imports no torch."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from shared.config import Strict

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


class ReconstructionConfig(Strict):
    """Terms of the reconstruction loss; a mel scale that has an STFT resolution's size needs no transform."""

    weights: ReconstructionWeights = ReconstructionWeights()
    stft: tuple[Resolution, ...]
    mel: tuple[MelResolution, ...]
    perceptual: bool = True  # A-weights the STFT term
    spectral: SpectralDistanceConfig | None = None


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
