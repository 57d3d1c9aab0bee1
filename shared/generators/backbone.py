"""The causal transformer of a next-token model: a `transformers` decoder over embeddings, with its text front end."""

from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from shared.config import ConfigError
from shared.generators.next_token_config import BackboneConfig, Qwen2Config, TransformerConfig
from shared.layers.unit import Unit
from shared.text.characters import Characters

CHECKED = {  # fields of Qwen2Config and what transformers calls them
    "width": "hidden_size",
    "depth": "num_hidden_layers",
    "heads": "num_attention_heads",
    "key_value_heads": "num_key_value_heads",
    "feed_forward": "intermediate_size",
    "vocabulary": "vocab_size",
}
ATTENTION = "sdpa_quick_on_cpu"


class Layer(Unit):
    """A decoder layer of transformers, recomputed, compiled or sharded as one."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer

    def forward(self, *args, **kwargs):
        """As the layer's."""
        return self.layer(*args, **kwargs)


class Backbone(nn.Module):
    """Hidden states of a sequence of embeddings, each seeing those before it; and the embeddings of texts."""

    def __init__(self, config: BackboneConfig):
        super().__init__()
        self.config = config
        self.decoder = DECODERS[config.kind](config)
        attend_quickly(self.decoder)
        self.decoder.layers = nn.ModuleList(Layer(layer) for layer in self.decoder.layers)
        # 0 stands for an empty text.
        self.characters = Characters(config.vocabulary, first=1) if isinstance(config, TransformerConfig) else None

    def forward(self, x: Tensor, positions: Tensor, mask: Tensor, cache: Any = None) -> Tensor:
        """Hidden states `(batch, length, width)` of the embeddings `x`.

        Args:
            x: `(batch, length, width)`.
            positions: for RoPE, `(batch, length)`.
            mask: 0 where the sequence is padding, `(batch, length with what the cache holds)`.
            cache: transformers' cache of keys and values of what came before, to which those of `x` are added.
        """
        # Never without a mask: positions that start anew would then mean another document, which is not looked at.
        output = self.decoder(
            inputs_embeds=x,
            position_ids=positions,
            attention_mask=mask,
            past_key_values=cache,
            use_cache=cache is not None,
        )
        return output.last_hidden_state

    def embed(self, texts: list[str]) -> list[Tensor]:
        """Embeddings of each text's tokens, `(tokens, width)`."""
        ids = [self.tokens(text) for text in texts]
        lengths = [len(each) for each in ids]
        table = self.decoder.embed_tokens
        flat = torch.tensor([token for each in ids for token in each], device=table.weight.device)
        return list(table(flat).split(lengths))

    @cached_property
    def tokenizer(self) -> Any:
        """A language model's; None of a model that reads characters."""
        if self.characters:
            return None
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self.config.model)

    def tokens(self, text: str) -> list[int]:
        """The text's tokens, one at least.

        Raises:
            ConfigError: it has a character that the vocabulary lacks.
        """
        if self.characters:
            return self.characters(text) or [0]
        return self.tokenizer(text, add_special_tokens=False).input_ids or [self.tokenizer.pad_token_id]

    def load_pretrained(self) -> None:
        """Take the weights of the language model that training starts from, where there is one.

        Raises:
            ConfigError: its sizes are not the config's.
        """
        if isinstance(self.config, TransformerConfig):
            return
        from transformers import AutoModel

        loaded = AutoModel.from_pretrained(self.config.model, dtype=torch.float32)
        for field, name in CHECKED.items():
            theirs, ours = getattr(loaded.config, name), getattr(self.config, field)
            if theirs != ours:
                raise ConfigError(f"backbone.{field}: {ours} is not that of {self.config.model}; set it to {theirs}")
        for unit, layer in zip(self.decoder.layers, loaded.layers, strict=True):
            unit.layer.load_state_dict(layer.state_dict())
        self.decoder.embed_tokens.load_state_dict(loaded.embed_tokens.state_dict())
        self.decoder.norm.load_state_dict(loaded.norm.state_dict())


def build_transformer(config: TransformerConfig) -> nn.Module:
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


def build_qwen2(config: Qwen2Config) -> nn.Module:
    """A Qwen2 of the config's sizes; its weights come with `Backbone.load_pretrained`."""
    import transformers

    sizes = {name: getattr(config, field) for field, name in CHECKED.items()}
    rope = {"rope_type": "default", "rope_theta": config.rope_base}
    names = {"rope_parameters": rope, "bos_token_id": None, "eos_token_id": None}
    return transformers.Qwen2Model(transformers.Qwen2Config(**sizes, **names))


DECODERS = {"transformer": build_transformer, "qwen2": build_qwen2}


def attend_quickly(decoder: nn.Module) -> None:
    """Have a decoder of transformers attend by PyTorch's fused kernels, in float32 where it runs on a CPU.

    A CPU's bfloat16 kernel is several times slower backwards than its float32 one.
    """
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.integrations.sdpa_attention import sdpa_attention_forward
    from transformers.masking_utils import sdpa_mask

    def attend(module, query, key, value, *args, **kwargs):
        if query.is_cuda:
            return sdpa_attention_forward(module, query, key, value, *args, **kwargs)
        with torch.autocast("cpu", enabled=False):
            return sdpa_attention_forward(module, query.float(), key.float(), value.float(), *args, **kwargs)

    AttentionInterface.register(ATTENTION, attend)
    AttentionMaskInterface.register(ATTENTION, sdpa_mask)
    decoder.set_attn_implementation(ATTENTION)
