"""MMAudio's VAE of mel spectrograms with its vocoder, `diffusers.MMAudioVAE` and `MMAudioVocoder`."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from shared.autoencoders.adapters.base import Facts, FromDiffusers
from shared.autoencoders.adapters.config import LibraryConfig
from shared.config import MODEL

if TYPE_CHECKING:
    from torch import Tensor

VOCODER = "MMAudioVocoder"


class MmaudioConfig(LibraryConfig):
    """The VAE; it decodes to a mel spectrogram, which a vocoder makes sound of."""

    CLASSES = ("MMAudioVAE",)

    kind: Literal["mmaudio"]
    vocoder: Annotated[str, *MODEL] = Field(description="folder or hub id of its MMAudioVocoder")
    vocoder_subfolder: str | None = Field(None, description="where that lies in its repository")
    random_vocoder: dict[str, Any] | None = Field(None, description="sizes of the vocoder, as `random` has the VAE's")

    @model_validator(mode="after")
    def _both_are_random(self):
        if (self.random is None) != (self.random_vocoder is None):
            raise ValueError("random and random_vocoder go together: name the sizes of both, or of none")
        return self


class Mmaudio(FromDiffusers):
    """Mean and std as the VAE's distribution has them."""

    name = "MMAudioVAE"
    least = 2  # the mel spectrogram's windows reach beyond one latent frame, and are filled by reflection
    config: MmaudioConfig

    def __init__(self, config: LibraryConfig):
        from torch import nn

        super().__init__(config)
        self.vae = self.model
        where = self.config.vocoder, self.config.vocoder_subfolder
        self.vocoder = self._load(VOCODER, *where, self.config.random_vocoder)
        self.model = nn.ModuleList([self.vae, self.vocoder])

    def read_facts(self, said: Any) -> Facts:
        return Facts(said.sample_rate, self.model.latent_hop_length, said.latent_channels, 1)

    def encode(self, audio: "Tensor") -> "tuple[Tensor, Tensor | None]":
        posterior = self.vae.encode(audio[:, 0]).latent_dist
        return posterior.mean, posterior.std

    def decode(self, latents: "Tensor") -> "Tensor":
        return self.vocoder(self.vae.decode(latents).sample).sample


build = Mmaudio
