"""What can be set about an autoencoder. Imports no torch."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, model_validator

from shared.bottlenecks.config import BottleneckConfig
from shared.config import Strict
from shared.kinds import Kind


class ArchitectureConfig(Kind):
    """The architecture of encoder and decoder: a family, and its sizes.

    Its module has `build_encoder(config, out_channels)`, a module that makes `(batch, audio_channels, time)` to
    `(batch, out_channels, time / hop)`, time being a multiple of the hop; and `build_decoder(config, latent_dim)`, one
    that makes `(batch, latent_dim, frames)` to `(batch, audio_channels, frames * hop)`.

    Attributes:
        hop: samples of audio a latent frame; a field or a property of each family.
        audio_channels: likewise.
    """

    PACKAGE: ClassVar[str] = "shared.autoencoders"
    TAG: ClassVar[str] = "family"

    family: str

    if TYPE_CHECKING:

        @property
        def hop(self) -> int: ...

        @property
        def audio_channels(self) -> int: ...

    @property
    def makes_magnitudes(self) -> bool:
        """Whether the decoder is a `MagnitudeDecoder`, which has no phases in training."""
        return False

    def check(self, bottleneck: BottleneckConfig) -> None:
        """Raise a ValueError where this architecture can't feed that bottleneck."""


def _gaussian_unless_named(bottleneck: Any) -> Any:
    return {"kind": "gaussian"} | bottleneck if isinstance(bottleneck, dict) else bottleneck


class AutoencoderConfig(Strict):
    """Architecture and bottleneck: all that is needed to run a trained autoencoder."""

    architecture: ArchitectureConfig
    bottleneck: Annotated[BottleneckConfig, BeforeValidator(_gaussian_unless_named)]

    @model_validator(mode="after")
    def _architecture_suits_the_bottleneck(self) -> Self:
        self.architecture.check(self.bottleneck)
        return self
