"""What can be set about the contrastive critic. Imports no torch."""

from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator

from shared.losses.config import ShapingLossConfig
from shared.text.config import TextConfig


class ContrastiveCriticConfig(ShapingLossConfig):
    """A transformer that tells latents with their own audio and text from others, `shared.losses.contrastive`.

    The defaults are SAME's, but for the text, which T5Gemma reads there (`kind: t5gemma`).
    """

    kind: Literal["contrastive"] = "contrastive"
    text: TextConfig | None = Field(
        None,
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

    @property
    def reads_texts(self) -> bool:
        """See `ShapingLossConfig`."""
        return self.text is not None

    def check(self, name: str, channels: int, examples: int) -> None:
        """See `ShapingLossConfig`."""
        if examples == 1:
            raise ValueError(
                f"shaping.{name} compares the examples of a micro-batch, which here is one; set training.batch to "
                "two times training.accumulation or more"
            )
