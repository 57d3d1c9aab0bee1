"""From config to autoencoder, and from a saved file back to one."""

from pathlib import Path
from typing import Annotated

import torch
from pydantic import PositiveInt

from shared.autoencoders.adapters.config import AdoptedRecipe
from shared.autoencoders.adopted import adopt
from shared.autoencoders.base import Autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.autoencoders.given import given_or
from shared.config import ConfigError, Strict
from shared.tensors import DESCRIPTION, damaged, load_weights, read_description


class SavedAutoencoder(Strict):
    """The `model.json` beside an autoencoder's weights, or in place of them where it was adopted.

    Attributes:
        sample_rate: in Hz.
        hop: samples of a latent frame.
        latent, fingerprint, parameters: of one that was adopted: what its latent is, its hash, how many it has.
    """

    config: Annotated[AutoencoderConfig | AdoptedRecipe, given_or(AutoencoderConfig)]
    sample_rate: PositiveInt
    hop: PositiveInt
    latent: str | None = None
    fingerprint: str | None = None
    parameters: int | None = None


def build_autoencoder(config: AutoencoderConfig) -> Autoencoder:
    """A new autoencoder."""
    architecture, bottleneck = config.architecture, config.bottleneck.build()
    return Autoencoder(
        architecture.module.build_encoder(architecture, bottleneck.in_channels),
        bottleneck,
        architecture.module.build_decoder(architecture, bottleneck.dim),
        architecture.hop,
        architecture.audio_channels,
    )


def meta_autoencoder(config: AutoencoderConfig) -> Autoencoder:
    """The autoencoder on the meta device: its parameters can be counted and nothing is allocated."""
    with torch.device("meta"):
        return build_autoencoder(config)


def load_autoencoder(weights: Path) -> Autoencoder:
    """The autoencoder saved at `weights`, with its config in `model.json` beside it; frozen, in eval mode.

    One that was adopted is loaded from where it lies; `weights` is then its `model.json`, or any name beside that.

    Raises:
        ConfigError: one of the two is missing or damaged, or they are of different models.
    """
    saved = read_description(weights, SavedAutoencoder)
    if isinstance(saved.config, AdoptedRecipe):
        found = adopt(saved.config.pretrained)
        if found.fingerprint != saved.fingerprint:
            told = f"{saved.config.pretrained.model} is not what was adopted (other weights)"
            raise ConfigError(f"{weights}: {told}; delete {weights} and run again")
        return found.autoencoder
    autoencoder = build_autoencoder(saved.config)
    if saved.hop != autoencoder.hop:
        what = f"hop is {saved.hop} where its architecture has {autoencoder.hop}"
        raise damaged(Path(weights).with_name(DESCRIPTION), what, str(weights))
    load_weights(weights, autoencoder)
    return autoencoder.eval().requires_grad_(False)
