"""LongCat-AudioDiT's VAE, `diffusers.LongCatAudioDiTVae`."""

from typing import TYPE_CHECKING, Any, Literal

from shared.autoencoders.adapters.base import Facts, FromDiffusers
from shared.autoencoders.adapters.config import LibraryConfig

if TYPE_CHECKING:
    from torch import Tensor

MIN_STD = 1e-4  # as in its `encode`, which gives a draw alone


class LongcatConfig(LibraryConfig):
    """The `vae` folder of a LongCat-AudioDiT pipeline."""

    CLASSES = ("LongCatAudioDiTVae",)

    kind: Literal["longcat"]


class Longcat(FromDiffusers):
    """Mean and std are divided by the scale in its config, 0.71, as its diffusion model has them."""

    name = "LongCatAudioDiTVae"
    latent = "mean and std of the VAE's posterior, over its scale"

    def read_facts(self, said: Any) -> Facts:
        return Facts(said.sample_rate, said.downsampling_ratio, said.latent_dim, said.in_channels)

    def encode(self, audio: "Tensor") -> "tuple[Tensor, Tensor | None]":
        from torch.nn.functional import softplus

        mean, scale = self.model.encoder(audio).chunk(2, dim=1)
        return mean / self.model.config.scale, (softplus(scale) + MIN_STD) / self.model.config.scale


build = Longcat
