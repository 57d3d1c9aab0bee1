"""LongCat-AudioDiT's Wav-VAE, as its authors and `diffusers` (`LongCatAudioDiTVae`) have it."""

from collections.abc import Mapping
from typing import Any

from shared.autoencoders.builder import SavedAutoencoder
from shared.config import ConfigError
from shared.released.base import Place, Released, Weights, count, expect, saved_autoencoder, shape

SHORTCUTS = {
    "downsample_shortcut": "averaging", "upsample_shortcut": "duplicating",
    "out_shortcut": "averaging", "in_shortcut": "duplicating",
}  # fmt: skip


class LongCatVae(Released):
    """Oobleck with shortcuts and a Gaussian bottleneck."""

    name = "longcat_vae"
    title = "LongCat-AudioDiT's Wav-VAE (diffusers: LongCatAudioDiTVae)"
    prefixes = ("vae.",)

    def describe(self, weights: Weights, config: Mapping[str, Any]) -> SavedAutoencoder:
        """See `Released`."""
        config = config.get("vae_config", config)
        if config.get("act_fn") not in (None, "snake") or config.get("use_snake") is False:
            raise ConfigError("config.json: its activation is not snake, which is all that can be imported")
        shortcuts = {name: config.get(name, value) for name, value in SHORTCUTS.items()}
        plain = all(value not in SHORTCUTS.values() for value in shortcuts.values())
        if not plain:
            expect(config, **SHORTCUTS)
        first = shape(weights, "encoder.layers.0.weight_v")
        blocks = count(weights, r"encoder\.layers\.(\d+)\.") - 2
        strided = [shape(weights, f"encoder.layers.{index + 1}.layers.4.weight_v") for index in range(blocks)]
        architecture = {
            "family": "oobleck",
            "audio_channels": first[1],
            "channels": first[0],
            "multipliers": [each[0] // first[0] for each in strided],
            "strides": [each[2] // 2 for each in strided],
            "shortcuts": not plain,
            "final_tanh": config.get("final_tanh", False),
        }
        dim = shape(weights, "decoder.layers.0.weight_v")[1]
        return saved_autoencoder(architecture, {"kind": "gaussian", "dim": dim}, config.get("sample_rate", 24000))

    def places(self, description: SavedAutoencoder) -> list[Place]:
        """See `Released`."""
        return [
            Place(r"(encoder|decoder)\.(.+)\.log_frequency", (r"\1.layers.\2.alpha",)),
            Place(r"(encoder|decoder)\.(.+)\.log_magnitude", (r"\1.layers.\2.beta",)),
            # The outermost convolution beside the latent lies inside of its shortcut here.
            Place(r"(encoder|decoder)\.(\d+)\.layers\.(weight_[gv]|bias)", (r"\1.layers.\2.\3",)),
            Place(r"(encoder|decoder)\.(.+)", (r"\1.layers.\2",)),
        ]

