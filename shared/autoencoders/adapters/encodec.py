"""EnCodec, `transformers.EncodecModel`."""

from typing import TYPE_CHECKING, Any, Literal

from shared.autoencoders.adapters.base import Facts, FromLibrary
from shared.autoencoders.adapters.config import CodecConfig, LibraryConfig
from shared.config import ConfigError

if TYPE_CHECKING:
    from torch import Tensor


class EncodecConfig(CodecConfig):
    """A folder or hub id of one, such as facebook/encodec_24khz."""

    CLASSES = "EncodecModel", "encodec"

    kind: Literal["encodec"]


class Encodec(FromLibrary):
    """Latent before the residual quantiser; decoding uses the codebooks of the highest bandwidth.

    Raises:
        ConfigError: it normalises its input (as the 48 kHz model does): the scale is not part of its latent, and what
            is generated would have none.
    """

    library, name = "transformers", "EncodecModel"
    latent = "the encoder's output, before the residual quantiser"
    config: EncodecConfig

    def __init__(self, config: LibraryConfig):
        super().__init__(config)
        if self.model.config.normalize or self.model.config.chunk_length_s is not None:
            raise ConfigError(
                f"model {config.model}: this EnCodec normalises its input or cuts it into chunks, so that its latent "
                "alone can't be decoded; take one that does not, such as facebook/encodec_24khz"
            )

    def read_facts(self, said: Any) -> Facts:
        return Facts(said.sampling_rate, said.hop_length, said.hidden_size, said.audio_channels)

    def encode(self, audio: "Tensor") -> "tuple[Tensor, Tensor | None]":
        return self.model.encoder(audio), None

    def decode(self, latents: "Tensor") -> "Tensor":
        if self.config.quantise:
            codes = self.model.quantizer.encode(latents, self.model.config.target_bandwidths[-1])
            latents = self.model.quantizer.decode(codes)
        return self.model.decoder(latents)


build = Encodec
