"""MiniMax-H3's audio autoencoder, `diffusers.AutoencoderKLMiniMaxH3Audio`."""

from typing import Any, Literal

from shared.autoencoders.adapters.base import Facts, FromDiffusers
from shared.autoencoders.adapters.config import LibraryConfig


class MinimaxH3Config(LibraryConfig):
    """The `audio_vae` folder of a MiniMax-H3 pipeline."""

    CLASSES = ("AutoencoderKLMiniMaxH3Audio",)

    kind: Literal["minimax_h3"]


class MinimaxH3(FromDiffusers):
    """Mean and std as its distribution has them; its pipeline takes the mean."""

    name = "AutoencoderKLMiniMaxH3Audio"

    def read_facts(self, said: Any) -> Facts:
        return Facts(said.sampling_rate, self.model.hop_length, said.latent_channels, 1)


build = MinimaxH3
