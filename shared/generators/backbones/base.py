"""The causal transformer of a next-token model: a `transformers` decoder over embeddings, with its text front end."""

from typing import Any

import torch
from torch import Tensor, nn

from shared.layers.unit import Unit

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
    """Hidden states of a sequence of embeddings, each seeing those before it; and the embeddings of texts.

    Args:
        decoder: of transformers.

    Attributes:
        tokenizer: a language model's; None of a model that reads characters.
    """

    decoder: Any
    tokenizer: Any = None

    def __init__(self, decoder: nn.Module):
        super().__init__()
        self.decoder = decoder
        attend_quickly(self.decoder)
        self.decoder.layers = nn.ModuleList(Layer(layer) for layer in self.decoder.layers)

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

    def tokens(self, text: str) -> list[int]:
        """The text's tokens, one at least.

        Raises:
            ConfigError: it has a character that the vocabulary lacks.
        """
        raise NotImplementedError

    def load_pretrained(self) -> None:
        """Take the weights of the language model that training starts from, where there is one.

        Raises:
            ConfigError: its sizes are not the config's.
        """


def attend_quickly(decoder: Any) -> None:
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
