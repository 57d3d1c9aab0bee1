"""A transformer over characters, trained from scratch."""

from torch import nn

from shared.generators.backbones.base import Backbone
from shared.generators.backbones.transformer_config import TransformerConfig
from shared.text.characters import Characters


class CharacterBackbone(Backbone):
    """A new Llama that reads characters."""

    def __init__(self, config: TransformerConfig):
        super().__init__(build_llama(config))
        self.characters = Characters(config.vocabulary, first=1)

    def tokens(self, text: str) -> list[int]:
        """See `Backbone`; 0 stands for an empty text."""
        return self.characters(text) or [0]


def build_llama(config: TransformerConfig) -> nn.Module:
    """A new Llama: blocks of RMSNorm, RoPE and SwiGLU without biases."""
    from transformers import LlamaConfig, LlamaModel

    sizes = LlamaConfig(
        vocab_size=len(config.vocabulary) + 1,
        hidden_size=config.width,
        intermediate_size=config.feed_forward * config.width,
        num_hidden_layers=config.depth,
        num_attention_heads=config.heads,
        rope_parameters={"rope_type": "default", "rope_theta": config.rope_base},
        # The usual 0.02 suits widths in the thousands; with it a small model would start almost as the identity.
        initializer_range=config.width**-0.5,
        bos_token_id=None,
        eos_token_id=None,
    )
    return LlamaModel(sizes)


build = CharacterBackbone
