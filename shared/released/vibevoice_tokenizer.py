"""VibeVoice's acoustic tokenizer, as `transformers` (`VibeVoiceAcousticTokenizerModel`) has it."""

from collections.abc import Mapping
from typing import Any

from shared.autoencoders.builder import SavedAutoencoder
from shared.autoencoders.causal_config import CausalConfig
from shared.released.base import Place, Released, Weights, count, expect, saved_autoencoder, shape

SAMPLE_RATE = 24000


class VibeVoiceTokenizer(Released):
    """The causal autoencoder with a σ bottleneck."""

    name = "vibevoice_tokenizer"
    title = "VibeVoice's acoustic tokenizer (transformers: VibeVoiceAcousticTokenizerModel)"
    prefixes = ("model.audio_tower.", "audio_tower.")

    def describe(self, weights: Weights, config: Mapping[str, Any]) -> SavedAutoencoder:
        """See `Released`."""
        config = config.get("audio_config", config)
        expect(config, rms_norm_eps=1e-5, hidden_act="gelu", channels=1)
        stages = count(weights, r"encoder\.conv_layers\.(\d+)\.")
        blocks = ["stem", *(f"conv_layers.{index}" for index in range(stages))]
        channels, _, kernel = shape(weights, "encoder.stem.conv.conv.weight")
        dim, _, latent_kernel = shape(weights, "encoder.head.conv.weight")
        strides = [shape(weights, f"encoder.conv_layers.{index}.conv.conv.weight")[2] // 2 for index in range(stages)]
        widths = [shape(weights, name) for name in weights if name.endswith("ffn.linear1.weight")]
        architecture = {
            "family": "causal",
            "channels": channels,
            "strides": strides,
            "depths": [count(weights, rf"encoder\.{block}\.stage\.(\d+)\.") for block in blocks],
            "kernel": kernel,
            "latent_kernel": latent_kernel,
            "expansion": widths[0][0] // widths[0][1],
        }
        bottleneck = {"kind": "sigma", "dim": dim, "std": config.get("vae_std", 0.625), "draw": "normal"}
        return saved_autoencoder(architecture, bottleneck, SAMPLE_RATE)

    def places(self, description: SavedAutoencoder) -> list[Place]:
        """See `Released`; the layers stand one after the other here."""
        config = description.config.architecture
        assert isinstance(config, CausalConfig)
        stages = [f"conv_layers.{index}" for index in range(len(config.strides))]
        encoder = _half("encoder", "conv", ["stem", *stages], list(config.depths))
        return encoder + _half("decoder", "convtr", ["stem", *stages], list(reversed(config.depths)))


def _half(half: str, strided: str, blocks: list[str], depths: list[int]) -> list[Place]:
    """Places of an encoder or a decoder, whose strided layers are called `strided`."""
    theirs: list[tuple[str, bool]] = []
    for block, depth in zip(blocks, depths, strict=True):
        layer = "conv.conv" if block == "stem" else f"{strided}.{strided}"
        theirs.append((f"{half}.{block}.{layer}", False))
        theirs += [(f"{half}.{block}.stage.{index}", True) for index in range(depth)]
    theirs.append((f"{half}.head.conv", False))
    found = []
    for index, (name, is_block) in enumerate(theirs):
        ours = rf"{half}\.layers\.{index}"
        found += _block(ours, name) if is_block else [Place(rf"{ours}\.(weight|bias)", (rf"{name}.\1",))]
    return found


def _block(ours: str, theirs: str) -> list[Place]:
    return [
        Place(rf"{ours}\.norm\.weight", (f"{theirs}.norm.weight",)),
        Place(rf"{ours}\.depthwise\.(\w+)", (rf"{theirs}.mixer.conv.\1",)),
        Place(rf"{ours}\.depthwise_scale", (f"{theirs}.gamma",)),
        Place(rf"{ours}\.feed_forward\.0\.weight", (f"{theirs}.ffn_norm.weight",)),
        Place(rf"{ours}\.feed_forward\.1\.(\w+)", (rf"{theirs}.ffn.linear1.\1",)),
        Place(rf"{ours}\.feed_forward\.3\.(\w+)", (rf"{theirs}.ffn.linear2.\1",)),
        Place(rf"{ours}\.feed_forward_scale", (f"{theirs}.ffn_gamma",)),
    ]
