"""Mimi, `transformers.MimiModel`."""

from typing import TYPE_CHECKING, Any, Literal

from shared.autoencoders.adapters.base import Facts, FromLibrary
from shared.autoencoders.adapters.config import CodecConfig

if TYPE_CHECKING:
    from torch import Tensor


class MimiConfig(CodecConfig):
    """A folder or hub id of one, such as kyutai/mimi."""

    CLASSES = "MimiModel", "mimi"

    kind: Literal["mimi"]


class Mimi(FromLibrary):
    """Latent before the split quantiser; decoding uses all of its codebooks."""

    library, name = "transformers", "MimiModel"
    latent = "the encoder's output after transformer and downsampling, before the split quantiser"
    config: MimiConfig

    def read_facts(self, said: Any) -> Facts:
        return Facts(said.sampling_rate, said.frame_size, said.hidden_size, said.audio_channels)

    def encode(self, audio: "Tensor") -> "tuple[Tensor, Tensor | None]":
        return self.model.encoder(audio).latents, None

    def decode(self, latents: "Tensor") -> "Tensor":
        if self.config.quantise:
            latents = self.model.quantizer.decode(self.model.quantizer.encode(latents).transpose(0, 1))
        return self.model.decoder(latents).audio_values


build = Mimi
