"""From config to autoencoder, and from a saved file back to one."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from shared.autoencoders.base import Autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.config import parse
from shared.files import read_json


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
    """The autoencoder saved at `weights`, with its config in `model.json` beside it; frozen, in eval mode."""
    saved = read_json(Path(weights).with_name("model.json"))
    autoencoder = build_autoencoder(parse(AutoencoderConfig, saved["config"], str(weights)))
    autoencoder.load_state_dict(load_file(weights))
    return autoencoder.eval().requires_grad_(False)
