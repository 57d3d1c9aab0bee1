"""What can be set about losses. Imports no torch."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from shared.config import Strict
from shared.kinds import Kind, by_key, of_kind

Layer = PositiveInt | Literal["last", "average"]
AdversarialKind = Literal["least_squares", "hinge", "relativistic"]
Reduction = Literal["mean", "sum"]


class Resolution(Strict):
    """An STFT's size in samples; the window is as long as `n_fft` unless given."""

    n_fft: PositiveInt
    hop: PositiveInt
    window: PositiveInt | None = None

    @model_validator(mode="after")
    def _window_fits(self) -> Self:
        window = self.window or self.n_fft
        if window > self.n_fft:
            raise ValueError(f"window {window} is longer than n_fft {self.n_fft}")
        if self.hop > window:
            raise ValueError(f"hop {self.hop} is longer than the window, {window} samples: what lies between is lost")
        return self


class MelResolution(Resolution):
    """An STFT's size and how many mel bands its bins are gathered in."""

    n_mels: PositiveInt

    @model_validator(mode="after")
    def _bands_have_bins(self) -> Self:
        if self.n_mels > self.n_fft // 2 + 1:
            raise ValueError(f"n_mels {self.n_mels} is more than the {self.n_fft // 2 + 1} bins of n_fft {self.n_fft}")
        return self

    @property
    def resolution(self) -> Resolution:
        """The size alone: what a plain STFT loss of equal size shares its magnitudes under."""
        return Resolution(n_fft=self.n_fft, hop=self.hop, window=self.window)


class SpectralTermConfig(Kind):
    """A term of the reconstruction loss that a field of its own asks for, and `weights` weighs.

    Its module has `build(config, sample_rate)`, as that of `ReconstructionTermConfig`.
    """

    PACKAGE: ClassVar[str] = "shared.losses"

    kind: str


class ReconstructionTermConfig(Kind):
    """A further term of the reconstruction loss.

    Its module has `build(config, sample_rate)`: a module that compares a prediction and a target, both
    `(batch, channels, time)`, and returns a scalar.
    """

    PACKAGE: ClassVar[str] = "shared.losses"

    kind: str
    weight: PositiveFloat = 1.0


class ReconstructionWeights(Strict):
    """Weight of each term; the defaults are LongCat-AudioDiT's (its authors, GitHub issue 15), of `spectral` RAVE's."""

    l1: NonNegativeFloat = 1.0
    stft: NonNegativeFloat = 3.0
    mel: NonNegativeFloat = 3.0
    spectral: NonNegativeFloat = 1.0
    complex_stft: NonNegativeFloat = Field(1.0, description="of the terms that complex_stft asks for")


class MagnitudeWeights(Strict):
    """Weights of the terms that compare a decoder's magnitudes; see `shared.losses.magnitude`."""

    log: NonNegativeFloat = 1.0
    convergence: NonNegativeFloat = 1.0
    mel: NonNegativeFloat = 1.0
    n_mels: PositiveInt = 80


StereoView = Literal["channels", "sum_difference", "both"]


class ReconstructionConfig(Strict):
    """Terms of the reconstruction loss; a mel scale that has an STFT resolution's size needs no transform."""

    weights: ReconstructionWeights = ReconstructionWeights()
    stft: tuple[Resolution, ...]
    mel: tuple[MelResolution, ...]
    perceptual: bool = True  # A-weights the STFT term
    spectral: Annotated[SpectralTermConfig | None, *of_kind("spectral_distance")] = Field(
        None, description="RAVE's reconstruction loss"
    )
    complex_stft: Annotated[SpectralTermConfig | None, *of_kind("complex_stft")] = Field(
        None, description="SAME's spectral terms, phase included"
    )
    others: Annotated[dict[str, ReconstructionTermConfig], *by_key(ReconstructionTermConfig)] = Field(
        default_factory=dict, description="further terms; each is a kind named by its key"
    )
    stereo: StereoView = Field(
        "channels",
        description="what the spectral terms compare of stereo: left and right; their sum and difference; or both, "
        "whose terms add up, as in SAME",
    )

    magnitude: MagnitudeWeights | None = Field(
        None, description="of a decoder that makes magnitudes and no waveform, in place of all other terms"
    )

    @model_validator(mode="after")
    def _magnitudes_stand_alone(self):
        hears = ("stft", "mel", "spectral", "complex_stft", "others")
        if self.magnitude and (heard := [name for name in hears if getattr(self, name)]):
            raise ValueError(f"magnitude compares no waveform, and {heard[0]} does; leave one of them out")
        if self.magnitude and self.stereo != "channels":
            raise ValueError(f"stereo {self.stereo} is of waveforms, and magnitude compares none; set stereo: channels")
        return self

    @model_validator(mode="after")
    def _names_differ(self):
        if taken := sorted(self.others.keys() & ReconstructionWeights.model_fields.keys()):
            raise ValueError(f"others.{taken[0]}: there is a term of this name already; give another, and the kind")
        return self


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


class ShapingLossConfig(Kind):
    """A small model that shapes a latent while it is learned (SAME), and its loss.

    Its module has `build(config, setup)`: a `ShapingLoss` for that `ShapingSetup`, both of `shared.losses.shaping`.
    SAME's weights are not known.
    """

    PACKAGE: ClassVar[str] = "shared.losses"

    kind: str
    weight: PositiveFloat = Field(description="of the loss beside the autoencoder's")
    detach_steps: NonNegativeInt = Field(
        10_000, description="steps in which the model learns from the latents, and the encoder not from the model"
    )

    @property
    def reads_texts(self) -> bool:
        """Whether it needs the clips' texts."""
        return False

    def check(self, name: str, channels: int, examples: int) -> None:
        """Raise a ValueError where it can't be used.

        Args:
            name: what the recipe calls it, for the message.
            channels: of the audio.
            examples: of a micro-batch.
        """
