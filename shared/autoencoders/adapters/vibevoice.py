"""VibeVoice's acoustic tokenizer, `transformers.VibeVoiceAcousticTokenizerModel`."""

from typing import TYPE_CHECKING, Any, Literal

from shared.autoencoders.adapters.base import Facts, FromLibrary
from shared.autoencoders.adapters.config import LibraryConfig

if TYPE_CHECKING:
    from torch import Tensor

RATE = 24000  # Hz; its config does not say it


class VibevoiceConfig(LibraryConfig):
    """A folder or hub id of the tokenizer alone."""

    CLASSES = "VibeVoiceAcousticTokenizerModel", "vibevoice_acoustic_tokenizer"

    kind: Literal["vibevoice"]


class Vibevoice(FromLibrary):
    """A σ-VAE: the noise of each clip is scaled by one draw from N(0, 1); the class itself draws it without a seed."""

    library, name = "transformers", "VibeVoiceAcousticTokenizerModel"
    latent = "the encoder's output, with noise of a fixed std that is scaled anew for each clip"
    draw = "normal"

    def read_facts(self, said: Any) -> Facts:
        return Facts(RATE, said.hop_length, said.hidden_size, said.channels)

    def encode(self, audio: "Tensor") -> "tuple[Tensor, Tensor | None]":
        mean = self.model.encode(audio, sample=False).latents.transpose(1, 2)
        return mean, mean.new_tensor(self.model.config.vae_std)

    def decode(self, latents: "Tensor") -> "Tensor":
        return self.model.decode(latents.transpose(1, 2)).audio


build = Vibevoice
