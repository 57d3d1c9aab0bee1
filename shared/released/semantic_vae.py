"""Semantic-VAE's autoencoder, as its authors' code has it (ZhikangNiu/Semantic-VAE, `dac.model.dac.DAC`).

Its sizes are beside the weights in `metainfo.json`; read are the decoder's strides, which shapes don't tell, and what
only one value of can be imported.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.autoencoders.builder import SavedAutoencoder
from shared.autoencoders.dac_config import BigvganDecoderConfig, DacConfig
from shared.config import ConfigError
from shared.files import read_json
from shared.released.base import Place, Released, Weights, count, expect, join, saved_autoencoder, shape
from shared.released.dac import logarithm

METAINFO = "metainfo.json"
SAMPLE_RATE = 16000
HEADS = 8  # a constant of the code


class SemanticVae(Released):
    """DAC's encoder, causal attention, a Gaussian bottleneck and BigVGAN's generator."""

    name = "semantic_vae"
    title = "Semantic-VAE's autoencoder, or its acoustic VAEs (ema_state_dict.pth converted, with metainfo.json)"
    prefixes = ("ema_model.",)
    # The path to the teacher; a projection that decoders of this kind never use; a bias that softmax cancels; the
    # filters of anti-aliasing, which are made anew.
    left_out = r"projectors\..*|decoder_proj\..*|pre_block\.attn\.zero_k_bias|decoder\..*\.filter"

    def beside(self, folder: Path) -> dict[str, Any]:
        """See `Released`: `metainfo.json`, which holds the settings of the model and of its decoder."""
        path = folder / METAINFO
        if not path.is_file():
            raise ConfigError(f"{path}: no such file; it lies beside the released weights, or one folder above")
        said = read_json(path)
        for part in ("DAC", "Decoder"):
            if not isinstance(said, dict) or not isinstance(said.get(part), dict):
                raise ConfigError(f"{path}: lacks {part!r}, the settings of the model or of its BigVGAN")
        return said

    def describe(self, weights: Weights, config: Mapping[str, Any]) -> SavedAutoencoder:
        """See `Released`."""
        settings, decoder = config["DAC"], config["Decoder"]
        if any(name.startswith("decoder.conv_pre.attn.") for name in weights):
            raise ConfigError("its decoder begins with attention, which no decoder here has")
        expect(decoder, resblock="1", activation="snakebeta", snake_logscale=True)
        # Both are True where they are not given.
        expect({"use_tanh_at_final": True} | decoder, use_tanh_at_final=False)
        expect({"use_bias_at_final": True} | decoder, use_bias_at_final=False)
        stages = count(weights, r"encoder\.block\.(\d+)\.block\.")
        channels, _, _ = shape(weights, "encoder.block.0.weight_v")
        dim = shape(weights, "fc_mu.weight")[0]
        architecture = {
            "family": "dac",
            "channels": channels,
            "strides": [shape(weights, f"encoder.block.{i + 1}.block.4.weight_v")[2] // 2 for i in range(stages)],
            "projection": "attention",
            "heads": HEADS,
            "decoder": {
                "kind": "bigvgan",
                "channels": shape(weights, "decoder.conv_pre.weight_v")[0],
                "strides": decoder["upsample_rates"],
                "kernels": [
                    shape(weights, f"decoder.ups.{index}.0.weight_v")[2]
                    for index in range(count(weights, r"decoder\.ups\.(\d+)\."))
                ],
                "resblock_kernels": decoder["resblock_kernel_sizes"],
                "resblock_dilations": _dilations(decoder["resblock_dilation_sizes"]),
            },
        }
        if dim >= channels * 2**stages:
            raise ConfigError(f"its latent of {dim} channels is as wide as its encoder, where heads are not averaged")
        bottleneck = {"kind": "gaussian", "dim": dim, "scale": "log_variance"}
        return saved_autoencoder(architecture, bottleneck, settings.get("sample_rate", SAMPLE_RATE))

    def places(self, description: SavedAutoencoder) -> list[Place]:
        """See `Released`."""
        config = description.config.architecture
        assert isinstance(config, DacConfig) and isinstance(config.decoder, BigvganDecoderConfig), "of `describe`"
        return _encoder(len(config.strides)) + _projection(len(config.strides) + 3) + _decoder(config.decoder)


def _dilations(sizes: list[list[int]]) -> list[int]:
    """Those of all residual blocks.

    Raises:
        ConfigError: they differ from block to block.
    """
    if any(each != sizes[0] for each in sizes):
        raise ConfigError(f"{METAINFO}: resblock_dilation_sizes differ from block to block, which no decoder here has")
    return sizes[0]


def _encoder(stages: int) -> list[Place]:
    """Blocks of ours lie one deeper, in `layers`: of a block, and of a residual unit in it."""
    ours, unit = r"encoder\.layers\.", r"(\d+)\.layers\.(\d+)\.layers\.(\d+)\."
    theirs, other = r"encoder.block.", r"\1.block.\2.block.\3."
    return [
        Place(ours + unit + r"log_frequency", (theirs + other + "alpha",), logarithm),
        Place(ours + unit + r"(\w+)", (theirs + other + r"\4",)),
        Place(ours + r"(\d+)\.layers\.(\d+)\.log_frequency", (theirs + r"\1.block.\2.alpha",), logarithm),
        Place(ours + r"(\d+)\.layers\.(\d+)\.(\w+)", (theirs + r"\1.block.\2.\3",)),
        Place(ours + rf"{stages + 1}\.log_frequency", (theirs + f"{stages + 1}.alpha",), logarithm),
        Place(ours + rf"(0|{stages + 2})\.(\w+)", (theirs + r"\1.\2",)),
    ]


def _projection(index: int) -> list[Place]:
    """The attention, which is the last layer of our encoder, `index`."""
    ours = rf"encoder\.layers\.{index}\."
    attention, gated = ours + r"attention\.1\.", ours + r"feed_forward\.1\."
    joined = "pre_block.attn.qkv.weight"
    return [
        Place(ours + r"skip\.0\.(\w+)", (r"pre_block.norm3.\1",)),
        Place(ours + r"skip\.1\.(\w+)", (r"pre_block.proj.\1",)),
        Place(ours + r"attention\.0\.(\w+)", (r"pre_block.norm1.\1",)),
        Place(attention + r"query\.weight", (joined,), lambda weight: weight.chunk(3)[0]),
        Place(attention + r"key\.weight", (joined,), lambda weight: weight.chunk(3)[1]),
        Place(attention + r"value\.weight", (joined,), lambda weight: weight.chunk(3)[2]),
        Place(attention + r"query\.bias", ("pre_block.attn.q_bias",)),
        Place(attention + r"value\.bias", ("pre_block.attn.v_bias",)),
        Place(attention + r"out\.(\w+)", (r"pre_block.attn.proj.\1",)),
        Place(ours + r"feed_forward\.0\.(\w+)", (r"pre_block.norm2.\1",)),
        Place(gated + r"norm\.(\w+)", (r"pre_block.mlp.norm.\1",)),
        Place(gated + r"gate\.(\w+)", (r"pre_block.mlp.w0.\1",)),
        Place(gated + r"expand\.(\w+)", (r"pre_block.mlp.w1.\1",)),
        Place(gated + r"reduce\.(\w+)", (r"pre_block.mlp.w2.\1",)),
        Place(ours + r"project\.(\w+)", (r"fc_mu.\1", r"fc_var.\1"), join),
    ]


def _decoder(config: BigvganDecoderConfig) -> list[Place]:
    """Their residual blocks are numbered through all stages, their layers by what they are."""
    stages, kernels = len(config.strides), len(config.resblock_kernels)
    found = [Place(r"decoder\.0\.(\w+)", (r"decoder.conv_pre.\1",))]
    for stage in range(stages):
        found.append(Place(rf"decoder\.{stage + 1}\.upsample\.(\w+)", (rf"decoder.ups.{stage}.0.\1",)))
        for kernel in range(kernels):
            ours = rf"decoder\.{stage + 1}\.blocks\.{kernel}\.layers\."
            found += _amp_block(ours, f"decoder.resblocks.{stage * kernels + kernel}.", len(config.resblock_dilations))
    found += _snake(rf"decoder\.{stages + 1}\.", "decoder.activation_post.")
    return [*found, Place(rf"decoder\.{stages + 2}\.(\w+)", (r"decoder.conv_post.\1",))]


def _amp_block(ours: str, theirs: str, layers: int) -> list[Place]:
    found = []
    for index in range(layers):
        found += _snake(ours + rf"{index}\.0\.", theirs + f"activations.{2 * index}.")
        found += _snake(ours + rf"{index}\.2\.", theirs + f"activations.{2 * index + 1}.")
        found.append(Place(ours + rf"{index}\.1\.(\w+)", (theirs + rf"convs1.{index}.\1",)))
        found.append(Place(ours + rf"{index}\.3\.(\w+)", (theirs + rf"convs2.{index}.\1",)))
    return found


def _snake(ours: str, theirs: str) -> list[Place]:
    return [
        Place(ours + r"activation\.log_frequency", (theirs + "act.alpha",)),
        Place(ours + r"activation\.log_magnitude", (theirs + "act.beta",)),
    ]
