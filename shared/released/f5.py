"""F5-TTS's transformer, as its released safetensors have it, with the `vocab.txt` that lies beside them.

The mel spectrogram of a vocoder is its latent, 100 bands at 93.75 Hz; no autoencoder here makes that.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from shared.config import ConfigError, parse
from shared.files import read_text
from shared.generators.builder import SavedGenerator
from shared.generators.infilling_config import InfillingConfig
from shared.released.base import Place, Released, Weights, count, shape
from shared.text.characters import canonical

HEAD_DIM = 64
VOCABULARY = "vocab.txt"


class F5(Released):
    """What both releases share.

    Attributes:
        switches: of the architecture, which weights don't tell.
    """

    prefixes = ("ema_model.transformer.", "transformer.")
    left_out = r"rotary_embed\.inv_freq"
    notes = (
        "Characters that are said with two letters or more (pinyin) and capitals are left out, as texts are read "
        "character by character in lower case here; its latent is a vocoder's mel spectrogram."
    )
    switches: ClassVar[dict[str, Any]]

    def beside(self, folder: Path) -> dict[str, Any]:
        """See `Released`: the vocabulary, a token a line."""
        path = folder / VOCABULARY
        if not path.is_file():
            raise ConfigError(f"{path}: no such file; it says which row of the text's embedding is which character's")
        return {"vocabulary": read_text(path).removesuffix("\n").split("\n")}

    def describe(self, weights: Weights, config: Mapping[str, Any]) -> SavedGenerator:
        """See `Released`."""
        rows, text_dim = shape(weights, "text_embed.text_embed.weight")
        tokens = config["vocabulary"]
        if len(tokens) + 1 != rows:
            raise ConfigError(f"{VOCABULARY} has {len(tokens)} tokens where the text's embedding has {rows - 1}")
        alone = [token for token in tokens if len(token) == 1 and canonical(token) == token]
        self.rows = [tokens.index(token) + 1 for token in alone]
        latent_dim, width = shape(weights, "proj_out.weight")
        inner = shape(weights, "transformer_blocks.0.attn.to_q.weight")[0]
        head_dim = HEAD_DIM if inner % HEAD_DIM == 0 else inner
        architecture = {
            "kind": "f5",
            "width": width,
            "depth": count(weights, r"transformer_blocks\.(\d+)\."),
            "heads": inner // head_dim,
            "head_dim": head_dim,
            "feed_forward": shape(weights, "transformer_blocks.0.ff.ff.2.weight")[1] // width,
            "text_layers": count(weights, r"text_embed\.text_blocks\.(\d+)\."),
        }
        text = {"kind": "characters", "dim": text_dim, "vocabulary": "".join(alone)}
        said = {"architecture": architecture | self.switches, "text": text}
        return SavedGenerator(config=parse(InfillingConfig, said, "its sizes"), latent_dim=latent_dim, latent_scale=1.0)

    def places(self, description: SavedGenerator) -> list[Place]:
        """See `Released`."""
        block, theirs = r"transformer\.blocks\.(\d+)\.", r"transformer_blocks.\1."
        text, others = r"transformer\.text\.blocks\.(\d+)\.", r"text_embed.text_blocks.\1."
        embedded = ("text_embed.text_embed.weight",)
        return [
            Place(r"text_encoder\.embedding\.weight", embedded, partial(characters, self.rows)),
            Place(r"transformer\.text\.filler", embedded, lambda weight: weight[0]),
            Place(text + r"depthwise\.(\w+)", (others + r"dwconv.\2",)),
            Place(text + r"norm\.(\w+)", (others + r"norm.\2",)),
            Place(text + r"expand\.(\w+)", (others + r"pwconv1.\2",)),
            Place(text + r"reduce\.(\w+)", (others + r"pwconv2.\2",)),
            Place(text + r"(gamma|beta)", (others + r"grn.\2",)),
            Place(r"transformer\.time_embed\.(.+)", (r"time_embed.time_mlp.\1",)),
            Place(r"transformer\.merge\.(\w+)", (r"input_embed.proj.\1",)),
            Place(r"transformer\.position_embed\.layers\.0\.(\w+)", (r"input_embed.conv_pos_embed.conv1d.0.\1",)),
            Place(r"transformer\.position_embed\.layers\.1\.(\w+)", (r"input_embed.conv_pos_embed.conv1d.2.\1",)),
            Place(block + r"modulation\.(\w+)", (theirs + r"attn_norm.linear.\2",), gates_first),
            Place(block + r"attention\.query\.(\w+)", (theirs + r"attn.to_q.\2",)),
            Place(block + r"attention\.key\.(\w+)", (theirs + r"attn.to_k.\2",)),
            Place(block + r"attention\.value\.(\w+)", (theirs + r"attn.to_v.\2",)),
            Place(block + r"attention\.out\.(\w+)", (theirs + r"attn.to_out.0.\2",)),
            Place(block + r"feed_forward\.0\.(\w+)", (theirs + r"ff.ff.0.0.\2",)),
            Place(block + r"feed_forward\.3\.(\w+)", (theirs + r"ff.ff.2.\2",)),
            Place(r"transformer\.final_modulation\.(\w+)", (r"norm_out.linear.\1",)),
            Place(r"transformer\.project\.(\w+)", (r"proj_out.\1",)),
        ]


def characters(rows: list[int], weight: Tensor) -> Tensor:
    """Padding, which is 0, the filler for an empty text, and the rows of the characters that are kept."""
    return torch.cat([torch.zeros_like(weight[:1]), weight[:1], weight[rows]])


def gates_first(parameter: Tensor) -> Tensor:
    """Shift, scale and gate of both branches, `(6 · width, …)`, as gate, scale and shift."""
    shift, scale, gate, shift_ff, scale_ff, gate_ff = parameter.chunk(6)
    return torch.cat([gate, scale, shift, gate_ff, scale_ff, shift_ff])
