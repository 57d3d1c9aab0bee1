"""What can be set about the evaluators trained here. Imports no torch."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from shared.config import Strict
from shared.training.config import ScheduleConfig, TrainingConfig


class PerturbationConfig(Strict):
    """How much training features are distorted at random; where all are zero, they stay as they are.

    Attributes:
        warp: largest |log| factor by which frequencies move, as a longer or shorter vocal tract moves them.
        stretch: largest relative change of duration.
        noise: share of clips with a noise floor, between `quietest` and `loudest` nepers below the peak.
        jitter: largest standard deviation, in nepers, of independent changes of every cell.
        colour: largest tilt of a clip's spectrum, in nepers at either end.
        bands: widest mask in mel bands, two a clip.
        frames: widest mask in frames of 10 ms, one a clip.
    """

    warp: float = Field(0.15, ge=0, lt=1)
    stretch: float = Field(0.12, ge=0, lt=1)
    noise: float = Field(0.5, ge=0, le=1)
    loudest: float = Field(4.0, ge=0)
    quietest: float = Field(14.0, ge=0)
    jitter: float = Field(0.5, ge=0)
    colour: float = Field(0.0, ge=0)
    bands: int = Field(16, ge=0, le=80)
    frames: int = Field(12, ge=0)


class EncoderConfig(Strict):
    """A small Wav2Vec2-BERT: a conformer over log-mel frames.

    Attributes:
        width: hidden size.
        depth: conformer layers.
        heads: attention heads.
        kernel: frames seen by the depthwise convolution; it alone knows about order.
        stride: frames of 10 ms grouped into one. 3 leaves 33 a second: enough for one character each.
    """

    width: int = Field(96, gt=0)
    depth: int = Field(4, gt=0)
    heads: int = Field(4, gt=0)
    kernel: int = Field(15, gt=0)
    stride: Literal[2, 3, 4] = 3  # at 1 the extractor's attention mask comes out empty

    @model_validator(mode="after")
    def _fits(self):
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is not divisible by heads {self.heads}")
        if self.kernel % 2 == 0:
            raise ValueError("kernel must be odd")
        return self


class _Layered(Strict):
    """A config whose parts may be given in part: what is left out is the part's default here."""

    @model_validator(mode="before")
    @classmethod
    def _fill_parts(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        filled = dict(data)
        for name, value in data.items():
            default = getattr(cls.model_fields.get(name), "default", None)
            if isinstance(value, dict) and isinstance(default, Strict):
                filled[name] = default.model_dump() | value
        return filled


class AsrRecipe(_Layered):
    """The CTC recogniser and how it is trained."""

    encoder: EncoderConfig = EncoderConfig()
    perturbation: PerturbationConfig = PerturbationConfig()
    training: TrainingConfig = TrainingConfig(
        steps=2200,
        batch=16,
        learning_rate=ScheduleConfig(peak=5e-3, final=5e-5, warmup=100),
        weight_decay=0.01,
        gradient_clip=1.0,
        checkpoint_every=300,
    )


class SpeakerRecipe(_Layered):
    """The speaker-embedding model and how it is trained.

    Attributes:
        embedding: size of the embedding.
        warps: frequency factors; a training voice under each of them counts as a voice of its own.
        margin: of the additive-margin softmax: by how much the right voice's cosine must win.
        scale: of the cosines in that softmax.
    """

    encoder: EncoderConfig = EncoderConfig(depth=1, stride=4)
    embedding: int = Field(96, gt=0)
    warps: tuple[Annotated[float, Field(gt=0)], ...] = Field((0.85, 1.0, 1.18), min_length=1)
    margin: float = Field(0.1, ge=0, lt=1)
    scale: float = Field(15.0, gt=0)
    perturbation: PerturbationConfig = PerturbationConfig(
        warp=0.02, stretch=0.1, noise=0.3, loudest=7.0, jitter=0.2, colour=0.5, bands=6
    )
    training: TrainingConfig = TrainingConfig(
        steps=1500,
        batch=24,
        learning_rate=ScheduleConfig(peak=5e-3, final=5e-5, warmup=100),
        weight_decay=0.01,
        gradient_clip=1.0,
        checkpoint_every=300,
    )


class CaptionsConfig(Strict):
    """A small CLAP: an HTSAT over a log-mel image of the whole clip, a RoBERTa over the caption's words.

    Attributes:
        bands: mel bands.
        image: side of the square that the log-mel image is folded into; `image² / bands` frames fit in.
        width: audio channels of the first stage; each further stage doubles them and halves the image's sides.
        depths: blocks of each stage.
        heads: attention heads of each stage.
        window: side of the square of patches that attend to each other.
        text_width, text_depth, text_heads: of the caption's encoder.
        embedding: dimensions of the space that both share.
    """

    bands: int = Field(32, gt=0)
    image: int = Field(64, gt=0)
    width: int = Field(32, gt=0)
    depths: tuple[int, ...] = Field((1, 1), min_length=1)
    heads: tuple[int, ...] = Field((2, 4), min_length=1)
    window: int = Field(8, gt=0)
    text_width: int = Field(64, gt=0)
    text_depth: int = Field(2, gt=0)
    text_heads: int = Field(4, gt=0)
    embedding: int = Field(64, gt=0)

    @model_validator(mode="after")
    def _fits(self):
        if self.image % self.bands:
            raise ValueError(f"image {self.image} is no multiple of bands {self.bands}")
        if len(self.heads) != len(self.depths):
            raise ValueError(f"heads {self.heads} and depths {self.depths} name different numbers of stages")
        smallest = self.image // self.PATCH >> (len(self.depths) - 1)
        if self.image % (self.PATCH << (len(self.depths) - 1)) or smallest % self.window:
            raise ValueError(f"the last of {len(self.depths)} stages has no whole windows of {self.window} patches")
        for width, heads in ((self.width, self.heads[0]), (self.text_width, self.text_heads)):
            if width % heads:
                raise ValueError(f"a width of {width} is not divisible by its {heads} heads")
        return self

    PATCH: ClassVar[int] = 4  # side of a patch


class ClapRecipe(_Layered):
    """The audio-text model, a contrastive one of clips and captions, and how it is trained.

    Attributes:
        gain: largest change of a training clip's level, in dB.
        jitter: largest standard deviation, in dB, of independent changes of every cell of its log-mel image.
    """

    encoder: CaptionsConfig = CaptionsConfig()
    gain: float = Field(6.0, ge=0)
    jitter: float = Field(6.0, ge=0)
    training: TrainingConfig = TrainingConfig(
        steps=1200,
        batch=32,
        learning_rate=ScheduleConfig(peak=2e-3, final=2e-5, warmup=100),
        weight_decay=0.01,
        gradient_clip=1.0,
        checkpoint_every=300,
    )
