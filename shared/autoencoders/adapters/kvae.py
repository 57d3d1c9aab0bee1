"""KVAE-Audio, `diffusers.AutoencoderKLKVAEAudio`."""

from typing import Any, Literal

from shared.autoencoders.adapters.base import Facts, FromDiffusers
from shared.autoencoders.adapters.config import LibraryConfig


class KvaeConfig(LibraryConfig):
    """A folder or hub id of one, such as kandinskylab/KVAE-Audio."""

    CLASSES = ("AutoencoderKLKVAEAudio",)

    kind: Literal["kvae"]


class Kvae(FromDiffusers):
    """Mean and std as its distribution has them."""

    name = "AutoencoderKLKVAEAudio"

    def read_facts(self, said: Any) -> Facts:
        return Facts(said.sample_rate, self.model.hop_length, said.codebook_dim, said.num_channels)


build = Kvae
