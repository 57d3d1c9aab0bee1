"""Descript Audio Codec, `transformers.DacModel`."""

from typing import TYPE_CHECKING, Any, Literal

from shared.autoencoders.adapters.base import Facts, FromLibrary
from shared.autoencoders.adapters.config import CodecConfig

if TYPE_CHECKING:
    from torch import Tensor


class DacConfig(CodecConfig):
    """A folder or hub id of one, such as descript/dac_16khz."""

    CLASSES = "DacModel", "dac"

    kind: Literal["dac"]


class Dac(FromLibrary):
    """Latent before the residual quantiser; decoding uses all of its codebooks."""

    library, name = "transformers", "DacModel"
    latent = "the encoder's output, before the residual quantiser"
    config: DacConfig

    def read_facts(self, said: Any) -> Facts:
        return Facts(said.sampling_rate, said.hop_length, said.hidden_size, 1)

    def encode(self, audio: "Tensor") -> "tuple[Tensor, Tensor | None]":
        return self.model.encoder(audio), None

    def decode(self, latents: "Tensor") -> "Tensor":
        return self.model.decoder(self.model.quantizer(latents)[0] if self.config.quantise else latents)


build = Dac
