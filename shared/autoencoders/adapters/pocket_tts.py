"""Pocket TTS' tokenizer (CALM), `transformers.PocketTTSAudioTokenizerModel`."""

from typing import TYPE_CHECKING, Any, Literal

from shared.autoencoders.adapters.base import Facts, FromLibrary
from shared.autoencoders.adapters.config import LibraryConfig

if TYPE_CHECKING:
    from torch import Tensor


class PocketTtsConfig(LibraryConfig):
    """A folder or hub id of the tokenizer."""

    CLASSES = "PocketTTSAudioTokenizerModel", "pocket_tts_audio_tokenizer"

    kind: Literal["pocket_tts"]


class PocketTts(FromLibrary):
    """Its latent has no noise at inference, and the class no std."""

    library, name = "transformers", "PocketTTSAudioTokenizerModel"
    latent = "the mean that the VAE's encoder makes"

    def read_facts(self, said: Any) -> Facts:
        return Facts(said.sampling_rate, said.frame_size, said.latent_dim, said.audio_channels)

    def encode(self, audio: "Tensor") -> "tuple[Tensor, Tensor | None]":
        return self.model.encode(audio).latents.transpose(1, 2), None

    def decode(self, latents: "Tensor") -> "Tensor":
        return self.model.decode(latents.transpose(1, 2)).audio_values


build = PocketTts
