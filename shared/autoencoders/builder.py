"""From config to autoencoder, and from a saved file back to one."""

from pathlib import Path

import torch
from pydantic import PositiveInt

from shared.autoencoders.base import Autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.config import Strict
from shared.tensors import DESCRIPTION, damaged, load_weights, read_description


class SavedAutoencoder(Strict):
    """The `model.json` beside an autoencoder's weights; `sample_rate` in Hz, `hop` in samples of a latent frame."""

    config: AutoencoderConfig
    sample_rate: PositiveInt
    hop: PositiveInt


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

    Raises:
        ConfigError: one of the two is missing or damaged, or they are of different models.
    """
    saved = read_description(weights, SavedAutoencoder)
    autoencoder = build_autoencoder(saved.config)
    if saved.hop != autoencoder.hop:
        what = f"hop is {saved.hop} where its architecture has {autoencoder.hop}"
        raise damaged(Path(weights).with_name(DESCRIPTION), what, str(weights))
    load_weights(weights, autoencoder)
    return autoencoder.eval().requires_grad_(False)
