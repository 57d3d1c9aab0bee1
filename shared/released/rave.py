"""RAVE's variational autoencoder, as its authors' code has it (acids-ircam/RAVE): release 1, or release 2's config v1.

Both have one architecture under other names. Release 2 has no biases but those of its batch norms, which is to have
zeros, and other dilations.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from shared.audio.pqmf import released_prototype
from shared.autoencoders.builder import SavedAutoencoder
from shared.autoencoders.rave_config import RaveConfig
from shared.config import ConfigError
from shared.files import read_text
from shared.released.base import Place, Released, Weights, count, expect, saved_autoencoder, shape

GIN = "config.gin"
# What release 2 calls a setting, by the name that release 1 has for it.
SETTINGS = {
    "sr": r"^SAMPLING_RATE = (\d+)$",
    "noise_ratios": r"NoiseGenerator\.ratios = (\[[\d,\s\\]*\])",
    "dilations": r"ResidualStack\.dilations_list = (\[[\[\]\d,\s\\]*\])",
}
CAUSAL = r"get_padding\.mode = '(anti)?causal'"
DILATIONS = {"first": [1, 3, 9], "released": [1, 3, 5]}
NOISE = "decoder.synth.branches.2."


class Rave(Released):
    """A VAE on the bands of a filter bank."""

    name = "rave"
    title = "RAVE, config v1 of release 2, or release 1 (a .ckpt or a .ts converted, with its sample rate)"
    # What is of training, of the export or of streaming; the filter bank is made anew and compared.
    left_out = (
        r"(discriminator|loudness|(multiband_)?audio_distance|pqmf|fake_adain|resampler?|prior_module)\..*"
        r"|.*\.(pad|cache|target_size|warmed_up)|latent_(pca|mean|size)|fidelity|receptive_field|saved_step"
        r"|\w+_params|sampling_rate|max_batch_size"
    )
    notes = (
        "Its latent is what the encoder says, all channels; an exported RAVE turns it by its principal components "
        "and cuts it. Where no config.gin says it, convolutions are taken to be centred."
    )

    def beside(self, folder: Path) -> dict[str, Any]:
        """See `Released`: `config.json`, or what release 2 writes, `config.gin`."""
        path = folder / GIN
        text = read_text(path) if path.is_file() else ""
        found = {name: re.search(pattern, text, re.MULTILINE) for name, pattern in SETTINGS.items()}
        said = {name: json.loads(match[1].replace("\\", "")) for name, match in found.items() if match}
        return super().beside(folder) | said | ({"no_latency": True} if re.search(CAUSAL, text) else {})

    def describe(self, weights: Weights, config: Mapping[str, Any]) -> SavedAutoencoder:
        """See `Released`."""
        release = "released" if any(name.startswith("encoder.encoder.") for name in weights) else "first"
        self.encoder = "encoder.encoder.net." if release == "released" else "encoder.net."
        self.residual = "net.branches.0.net.{}.net.aligned" if release == "released" else "net.{}.aligned"
        # What has biases is told by one of each kind: another that lacks its own is refused.
        self.biased = f"{self.encoder}0.bias" in weights
        self.noise_biased = f"{NOISE}net.0.bias" in weights
        stages = count(weights, re.escape(self.encoder) + r"(\d+)\.running_mean")
        if not stages:
            raise ConfigError("its encoder has no batch norms: not the VAE of config v1")
        _check_padding(weights, config)
        channels, bands, _ = shape(weights, f"{self.encoder}0.weight")
        _check_bank(weights, bands)
        strides = [shape(weights, f"{self.encoder}{3 * index + 3}.weight")[2] // 2 for index in range(stages)]
        if odd := [stride for stride in strides if stride % 2]:
            raise ConfigError(f"its ratio of {odd[0]} is odd: its decoder makes samples too many there, ours doesn't")
        if "sr" not in config:
            raise ConfigError(f'neither {GIN} nor config.json beside it says the sample rate: write {{"sr": 48000}}')
        architecture = {
            "family": "rave",
            "bands": bands,
            "channels": channels,
            "strides": strides,
            "dilations": _dilations(config) or DILATIONS[release],
            "noise": _noise(weights, bands, config),
            "filters": "released",
        }
        dim = shape(weights, "decoder.net.0.weight_v")[1]
        return saved_autoencoder(architecture, {"kind": "gaussian", "dim": dim}, config["sr"])

    def places(self, description: SavedAutoencoder) -> list[Place]:
        """See `Released`."""
        config = description.config.architecture
        assert isinstance(config, RaveConfig), "that of `describe`"
        stages = len(config.strides)
        found = _layer(r"encoder\.1", f"{self.encoder}0", "weight", self.biased)
        found += _layer(rf"encoder\.{stages + 3}", f"{self.encoder}{3 * stages + 2}", "weight", self.biased)
        found += _layer(r"decoder\.layers\.0", "decoder.net.0", "weight_v", self.biased)
        for index in range(stages):
            ours, norm = rf"encoder\.{index + 2}", f"{self.encoder}{3 * index + 1}"
            found.append(Place(ours + r"\.0\.num_batches_tracked", (f"{norm}.num_batches_tracked",), Tensor.long))
            found.append(Place(ours + r"\.0\.(\w+)", (rf"{norm}.\1",)))
            found += _layer(ours + r"\.2", f"{self.encoder}{3 * index + 3}", "weight", self.biased)
            ours, theirs = rf"decoder\.layers\.{index + 1}", f"decoder.net.{2 * index + 2}.{self.residual}"
            found.append(Place(ours + r"\.1\.(\w+)", (rf"decoder.net.{2 * index + 1}.net.1.\1",)))
            found.append(
                Place(ours + r"\.2\.layers\.(\d+)\.(\d)\.(\w+)", (theirs.format(r"\1") + r".branches.0.\2.\3",))
            )
        for index, branch in enumerate(("waveform", "loudness")):
            found += _layer(rf"decoder\.{branch}", f"decoder.synth.branches.{index}", "weight_v", self.biased)
        return found + _layer(r"decoder\.noise\.layers\.(\d+)", NOISE + r"net.\1", "weight", self.noise_biased)


def _layer(ours: str, theirs: str, weight: str, biased: bool) -> list[Place]:
    """A convolution; where theirs have no biases, ours are zeros, as many as its weight has outputs."""
    bias = Place(rf"{ours}\.bias", (f"{theirs}.bias",))
    zeros = Place(rf"{ours}\.bias", (f"{theirs}.{weight}",), lambda kernel: torch.zeros(len(kernel)))
    group = ours.count("(") + 1
    return [bias if biased else zeros, Place(rf"{ours}\.(weight\w*)", (rf"{theirs}.\{group}",))]


def _dilations(config: Mapping[str, Any]) -> list[int]:
    """The first of each pair: only the first of two convolutions in a row is dilated here.

    Raises:
        ConfigError: others are, or there is another number in a row.
    """
    pairs = config.get("dilations", [])
    if any(len(pair) != 2 or pair[1] != 1 for pair in pairs):
        raise ConfigError(f"{GIN}: dilations_list is {pairs}; only pairs whose second is 1 can be imported")
    return [first for first, _ in pairs]


def _noise(weights: Weights, bands: int, config: Mapping[str, Any]) -> dict[str, Any] | None:
    """The noise branch; its convolutions' strides, if nothing says them, are equal.

    Raises:
        ConfigError: its block is as long as no equal strides make it, or as those that are said don't.
    """
    layers = count(weights, re.escape(NOISE) + r"net\.(\d+)\.weight")
    if not layers:
        return None
    block = int(weights[f"{NOISE}target_size"])
    strides = config.get("noise_ratios", [round(block ** (1 / layers))] * layers)
    if len(strides) != layers or torch.tensor(strides).prod() != block:
        raise ConfigError(f"noise_ratios of {strides} don't make blocks of {block} by {layers} convolutions")
    points = shape(weights, f"{NOISE}net.{2 * layers - 2}.weight")[0] // bands
    return {"points": points, "strides": strides, "circular": False}


def _check_padding(weights: Weights, config: Mapping[str, Any]) -> None:
    """Raises ConfigError where convolutions are known to be causal; a streaming export's shortcuts then wait for none.

    Args:
        weights: by name.
        config: what the files beside them say.
    """
    expect(config, no_latency=False)
    if any(name.endswith("aligned.paddings.1.pad") and not value.shape[2] for name, value in weights.items()):
        raise ConfigError("its convolutions are causal, as config `causal` makes them; only centred ones are here")


def _check_bank(weights: Weights, bands: int) -> None:
    """Raises ConfigError where the filter bank is not the one that is made here, within 1e-4 of its peak."""
    if len(weights["pqmf.hk"]) != bands:
        raise ConfigError(f"its encoder hears {bands} channels, and its filter bank makes {len(weights['pqmf.hk'])}")
    theirs, ours = weights["pqmf.h"].float(), torch.tensor(released_prototype(bands), dtype=torch.float32)
    if theirs.shape != ours.shape or (theirs - ours).abs().max() > 1e-4 * ours.abs().max():
        raise ConfigError(f"its filter bank (pqmf.h, {len(theirs)} taps) is another than ours, {len(ours)} at 100 dB")
