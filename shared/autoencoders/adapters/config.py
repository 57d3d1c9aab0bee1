"""What a study says of an autoencoder that is not trained here. Imports no torch."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PositiveInt

from shared.config import MODEL, Strict
from shared.kinds import Kind


class AdapterConfig(Kind):
    """Where an autoencoder lies, and what a plan has to know of it before it is loaded.

    A kind's module has `build(config)`, an `Adapter`. The job that adopts the autoencoder compares these facts with the
    model's own.

    Attributes:
        CLASSES: what config.json may call the class that the kind reads; the first is its name.
    """

    PACKAGE: ClassVar[str] = "shared.autoencoders.adapters"
    CLASSES: ClassVar[tuple[str, ...]] = ()

    kind: str
    model: Annotated[str, *MODEL] = Field(description="a folder, a file, or a hub id (owner/name, owner/name@revision)")
    sample_rate: PositiveInt = Field(description="Hz that it works at")
    hop: PositiveInt = Field(description="samples of a latent frame, at that rate")
    dim: PositiveInt = Field(description="channels of a latent frame")
    channels: Literal[1, 2] = Field(
        default=1,
        description="of the audio in this study. One that works in stereo hears mono twice and is heard as the mean",
    )

    @property
    def audio_channels(self) -> int:
        """As an architecture calls it."""
        return self.channels


class LibraryConfig(AdapterConfig):
    """One of a class of `diffusers` or `transformers`."""

    subfolder: str | None = Field(None, description="where it lies in its repository, such as vae in a pipeline's")
    random: dict[str, Any] | None = Field(
        None, description="sizes of the class: it is made with random weights, and `model` is not read"
    )


class CodecConfig(LibraryConfig):
    """One with a quantiser, before which its latent is taken."""

    quantise: bool = Field(
        True, description="latents go through the quantiser before they are decoded, as when the codec was trained"
    )


class AdoptedRecipe(Strict):
    """An autoencoder that is given, where an `AutoencoderRecipe` says how to train one."""

    pretrained: AdapterConfig

    @property
    def architecture(self) -> AdapterConfig:
        """What has the hop and the channels of the audio."""
        return self.pretrained

    @property
    def bottleneck(self) -> AdapterConfig:
        """What has the latent dim."""
        return self.pretrained

    @property
    def alignment(self) -> None:
        """It is not trained, and so not aligned."""
        return None

    @property
    def snapshots(self) -> None:
        """Nothing is kept of a training that was elsewhere."""
        return None

    @property
    def reads_texts(self) -> bool:
        """Nor are texts read."""
        return False
