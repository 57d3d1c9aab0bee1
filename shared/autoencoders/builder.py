"""From config to autoencoder, and from a saved file back to one."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from shared.autoencoders.base import Autoencoder
from shared.autoencoders.causal import CausalDecoder, CausalEncoder
from shared.autoencoders.config import AutoencoderConfig
from shared.autoencoders.dac import DacEncoder, build_dac_decoder
from shared.autoencoders.oobleck import OobleckDecoder, OobleckEncoder
from shared.autoencoders.rave import RaveDecoder, RaveEncoder
from shared.autoencoders.resampling import ResamplingDecoder, ResamplingEncoder
from shared.autoencoders.spectral import SpectralDecoder, SpectralEncoder
from shared.bottlenecks.gaussian import GaussianBottleneck
from shared.bottlenecks.sigma import SigmaBottleneck
from shared.bottlenecks.soft_norm import SoftNormBottleneck
from shared.config import parse
from shared.files import read_json

FAMILIES = {
    "oobleck": (OobleckEncoder, OobleckDecoder),
    "spectral": (SpectralEncoder, SpectralDecoder),
    "dac": (DacEncoder, build_dac_decoder),
    "causal": (CausalEncoder, CausalDecoder),
    "rave": (RaveEncoder, RaveDecoder),
    "resampling": (ResamplingEncoder, ResamplingDecoder),
}
BOTTLENECKS = {"gaussian": GaussianBottleneck, "sigma": SigmaBottleneck, "soft_norm": SoftNormBottleneck}


def build_autoencoder(config: AutoencoderConfig) -> Autoencoder:
    """A new autoencoder."""
    encoder, decoder = FAMILIES[config.architecture.family]
    bottleneck = BOTTLENECKS[config.bottleneck.kind](config.bottleneck)
    return Autoencoder(
        encoder(config.architecture, bottleneck.in_channels),
        bottleneck,
        decoder(config.architecture, config.bottleneck.dim),
        config.architecture.hop,
        config.architecture.audio_channels,
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
