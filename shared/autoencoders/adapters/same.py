"""Stable Audio 3's SAME, `diffusers.AutoencoderSAME`."""

from typing import TYPE_CHECKING, Any, Literal

from shared.autoencoders.adapters.base import Facts, FromDiffusers
from shared.autoencoders.adapters.config import LibraryConfig

if TYPE_CHECKING:
    from torch import Tensor


class SameConfig(LibraryConfig):
    """A folder or hub id of one, such as stabilityai/SAME-L."""

    CLASSES = ("AutoencoderSAME",)

    kind: Literal["same"]


class Same(FromDiffusers):
    """Its latent has no noise."""

    name = "AutoencoderSAME"
    latent = "what the soft-norm bottleneck makes, over its running std"

    def read_facts(self, said: Any) -> Facts:
        return Facts(said.sampling_rate, self.model.downsampling_ratio, said.latent_dim, said.audio_channels)

    def encode(self, audio: "Tensor") -> "tuple[Tensor, Tensor | None]":
        return self.model.encode(audio).latents, None


build = Same
