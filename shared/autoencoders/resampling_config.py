"""What can be set about the transformer resampling blocks. Imports no torch."""

from typing import Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt, model_validator

from shared.autoencoders.config import ArchitectureConfig


class ResamplingConfig(ArchitectureConfig):
    """Sizes of the transformer resampling blocks; the defaults are SAME-L's.

    SAME-S is 768 wide and 6 deep, attends in chunks of 2 and has no sine. Its released weights do otherwise at the ends
    of a clip (see `resampling.py`).
    """

    family: Literal["resampling"]
    audio_channels: PositiveInt = 2
    patch: PositiveInt = Field(256, description="samples a token, of each audio channel")
    stride: int = Field(16, ge=2, description="tokens a latent frame")
    width: PositiveInt = 1536
    depth: PositiveInt = Field(12, description="layers, in encoder and decoder each")
    head_dim: PositiveInt = 64
    feed_forward: PositiveInt = Field(3, description="inner width of the feed-forward layers, in widths")
    window: PositiveInt | None = Field(
        1, description="how far a token attends on both sides, in latent frames; none: chunks"
    )
    chunk: int | None = Field(
        None, ge=2, description="latent frames that attend to one another, moved by half a chunk halfway through"
    )
    sine_layers: NonNegativeInt = Field(
        7, description="how many of the decoder's last layers have a sine activation; the released code's 8 makes 7"
    )
    output_kernel: PositiveInt = Field(1, description="of the layer that makes patches of tokens")
    token_noise: tuple[NonNegativeFloat, NonNegativeFloat] = Field(
        (0.001, 0.1), description="standard deviation in training, of the encoder's and the decoder's new tokens"
    )
    branch_std: NonNegativeFloat = Field(
        0.0, description="of each residual branch's last weights at first; SAME: 0, so that a layer is the identity"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.window is None) == (self.chunk is None):
            raise ValueError("give either window or chunk, and set the other to null")
        if self.chunk and self.chunk % 2:
            raise ValueError(f"chunk {self.chunk} can't be moved by half of it: it must be even")
        if self.head_dim % 4 or self.width % self.head_dim:
            raise ValueError(
                f"width {self.width} must be a multiple of head_dim {self.head_dim}, and that of 4 "
                "(RoPE turns pairs of half of a head's channels)"
            )
        if self.sine_layers > self.depth:
            raise ValueError(f"sine_layers {self.sine_layers} is more than the {self.depth} layers there are")
        if self.output_kernel % 2 == 0:
            raise ValueError(f"output_kernel {self.output_kernel} must be odd, or it shifts the signal")
        return self

    @property
    def hop(self) -> int:
        """Samples a latent frame."""
        return self.patch * self.stride
