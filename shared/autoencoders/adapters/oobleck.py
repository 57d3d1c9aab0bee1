"""Stable Audio Open's VAE, `diffusers.AutoencoderOobleck`."""

from typing import Any, Literal

from shared.autoencoders.adapters.base import Facts, FromDiffusers
from shared.autoencoders.adapters.config import LibraryConfig


class OobleckConfig(LibraryConfig):
    """The `vae` folder of a Stable Audio pipeline."""

    CLASSES = ("AutoencoderOobleck",)

    kind: Literal["oobleck"]


class Oobleck(FromDiffusers):
    """Mean and std as its distribution has them."""

    name = "AutoencoderOobleck"

    def read_facts(self, said: Any) -> Facts:
        return Facts(said.sampling_rate, self.model.hop_length, said.decoder_input_channels, said.audio_channels)


build = Oobleck
