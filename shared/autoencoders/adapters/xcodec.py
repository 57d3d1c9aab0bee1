"""X-Codec, `transformers.XcodecModel`."""

from typing import TYPE_CHECKING, Any, Literal

from shared.autoencoders.adapters.base import Facts, FromLibrary
from shared.autoencoders.adapters.config import CodecConfig

if TYPE_CHECKING:
    from torch import Tensor


class XcodecConfig(CodecConfig):
    """A folder or hub id of one, such as hf-audio/xcodec-hubert-librispeech."""

    CLASSES = "XcodecModel", "xcodec"

    kind: Literal["xcodec"]


class Xcodec(FromLibrary):
    """Latent before the residual quantiser; decoding uses the codebooks of the highest bandwidth."""

    library, name = "transformers", "XcodecModel"
    latent = "acoustic and semantic features after `fc`, before the residual quantiser"
    least = 2  # the semantic model's first window is longer than a frame
    config: XcodecConfig

    def read_facts(self, said: Any) -> Facts:
        return Facts(said.sample_rate, said.hop_length, said.hidden_size, 1)

    def encode(self, audio: "Tensor") -> "tuple[Tensor, Tensor | None]":
        # `encode` gives codes alone; what it quantises is what `fc` makes.
        made: list[Tensor] = []
        hook = self.model.fc.register_forward_hook(lambda module, given, output: made.append(output))
        try:
            self.model.encode(audio)
        finally:
            hook.remove()
        return made[0].transpose(1, 2), None

    def decode(self, latents: "Tensor") -> "Tensor":
        if self.config.quantise:
            latents = self.model.quantizer.decode(self.model.quantizer.encode(latents))
        return self.model.acoustic_decoder(self.model.fc2(latents.transpose(1, 2)).transpose(1, 2))


build = Xcodec
