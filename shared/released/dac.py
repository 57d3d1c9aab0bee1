"""DAC, the Descript Audio Codec, as `transformers` (`DacModel`) has it."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from shared.autoencoders.builder import SavedAutoencoder
from shared.autoencoders.dac_config import DacConfig
from shared.released.base import Place, Released, Weights, count, saved_autoencoder, shape


def logarithm(alpha: Tensor) -> Tensor:
    """Snake's factor as it is trained here; one that isn't positive becomes NaN, which is refused by name."""
    return alpha.log()


class Dac(Released):
    """Encoder and decoder; in place of the quantiser the latent goes on as it is."""

    name = "dac"
    title = "DAC without its quantiser (transformers: DacModel)"
    left_out = r"quantizer\..*"
    notes = "The quantiser is left out: a latent is what goes into it, and the decoder hears that instead of its codes."

    def describe(self, weights: Weights, config: Mapping[str, Any]) -> SavedAutoencoder:
        """See `Released`."""
        stages = count(weights, r"encoder\.block\.(\d+)\.")
        architecture = {
            "family": "dac",
            "channels": shape(weights, "encoder.conv1.weight_v")[0],
            "strides": [shape(weights, f"encoder.block.{index}.conv1.weight_v")[2] // 2 for index in range(stages)],
            "decoder": {"kind": "dac", "channels": shape(weights, "decoder.conv1.weight_v")[0]},
        }
        dim = shape(weights, "encoder.conv2.weight_v")[0]
        bottleneck = {"kind": "sigma", "dim": dim, "std": 0.0, "draw": "fixed"}
        return saved_autoencoder(architecture, bottleneck, config.get("sampling_rate", 44100))

    def places(self, description: SavedAutoencoder) -> list[Place]:
        """See `Released`."""
        architecture = description.config.architecture
        assert isinstance(architecture, DacConfig), "that of `describe`"
        stages = len(architecture.strides)
        found = _ends(r"encoder\.layers", "encoder", stages) + _ends("decoder", "decoder", stages)
        for index in range(stages):
            ours, theirs = rf"encoder\.layers\.{index + 1}\.layers", f"encoder.block.{index}"
            found += _units(ours, theirs, first=0)
            found += [_snake(rf"{ours}\.3", f"{theirs}.snake1"), _layer(rf"{ours}\.4", f"{theirs}.conv1")]
            ours, theirs = rf"decoder\.{index + 1}\.layers", f"decoder.block.{index}"
            found += _units(ours, theirs, first=2)
            found += [_snake(rf"{ours}\.0", f"{theirs}.snake1"), _layer(rf"{ours}\.1", f"{theirs}.conv_t1")]
        return found


def _layer(ours: str, theirs: str) -> Place:
    return Place(rf"{ours}\.(weight_[gv]|bias)", (rf"{theirs}.\1",))


def _snake(ours: str, theirs: str) -> Place:
    return Place(rf"{ours}\.log_frequency", (f"{theirs}.alpha",), logarithm)


def _units(ours: str, theirs: str, first: int) -> list[Place]:
    """Residual units, which stand from `first` on in a block of ours."""
    found = []
    for index in range(3):
        unit, other = rf"{ours}\.{first + index}\.layers", f"{theirs}.res_unit{index + 1}"
        found += [_snake(rf"{unit}\.0", f"{other}.snake1"), _layer(rf"{unit}\.1", f"{other}.conv1")]
        found += [_snake(rf"{unit}\.2", f"{other}.snake2"), _layer(rf"{unit}\.3", f"{other}.conv2")]
    return found


def _ends(ours: str, theirs: str, stages: int) -> list[Place]:
    return [
        _layer(rf"{ours}\.0", f"{theirs}.conv1"),
        _snake(rf"{ours}\.{stages + 1}", f"{theirs}.snake1"),
        _layer(rf"{ours}\.{stages + 2}", f"{theirs}.conv2"),
    ]
