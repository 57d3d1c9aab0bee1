"""A Qwen2 language model, trained on."""

from functools import cached_property
from typing import Any

import torch
from torch import nn

from shared.config import ConfigError
from shared.generators.backbones.base import Backbone
from shared.generators.backbones.qwen2_config import Qwen2Config
from shared.pretrained import load

CHECKED = {  # fields of Qwen2Config and what transformers calls them
    "width": "hidden_size",
    "depth": "num_hidden_layers",
    "heads": "num_attention_heads",
    "key_value_heads": "num_key_value_heads",
    "feed_forward": "intermediate_size",
    "vocabulary": "vocab_size",
}


class Qwen2Backbone(Backbone):
    """A Qwen2 with its tokenizer."""

    def __init__(self, config: Qwen2Config):
        super().__init__(build_qwen2(config))
        self.config = config

    @cached_property
    def tokenizer(self) -> Any:
        """See `Backbone`; read from the hub when first asked for."""
        from transformers import AutoTokenizer

        return load(AutoTokenizer, self.config.model, weights=False)

    def tokens(self, text: str) -> list[int]:
        """See `Backbone`."""
        return self.tokenizer(text, add_special_tokens=False).input_ids or [self.tokenizer.pad_token_id]

    def load_pretrained(self) -> None:
        """See `Backbone`."""
        from transformers import AutoModel

        loaded = load(AutoModel, self.config.model, settings={"dtype": torch.float32})
        for field, name in CHECKED.items():
            theirs, ours = getattr(loaded.config, name), getattr(self.config, field)
            if theirs != ours:
                raise ConfigError(f"backbone.{field}: {ours} is not that of {self.config.model}; set it to {theirs}")
        for unit, layer in zip(self.decoder.layers, loaded.layers, strict=True):
            unit.layer.load_state_dict(layer.state_dict())
        self.decoder.embed_tokens.load_state_dict(loaded.embed_tokens.state_dict())
        self.decoder.norm.load_state_dict(loaded.norm.state_dict())


def build_qwen2(config: Qwen2Config) -> nn.Module:
    """A Qwen2 of the config's sizes; its weights come with `load_pretrained`."""
    import transformers

    sizes = {name: getattr(config, field) for field, name in CHECKED.items()}
    rope = {"rope_type": "default", "rope_theta": config.rope_base}
    names = {"rope_parameters": rope, "bos_token_id": None, "eos_token_id": None}
    return transformers.Qwen2Model(transformers.Qwen2Config(**sizes, **names))


build = Qwen2Backbone
