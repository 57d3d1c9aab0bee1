"""Text front ends: strings → features that the generator attends to.

Those that are trained here read a text's canonical form (see `characters`); one from the hub reads it as published.
"""

from collections.abc import Iterable
from typing import TypeVar

import torch
import torch.nn.functional as F
from pydantic import BaseModel
from torch import Tensor, nn

from shared.layers.attention import length_mask
from shared.text.base import Text
from shared.text.characters import Characters, canonical, extended
from shared.text.config import CharactersConfig, T5Config, T5GemmaConfig, TextConfig, TrainedT5Config, UMT5Config

# Symbols as ByT5 numbers them; 2 and those after the bytes stand for what is not needed here.
BYTE_END, FIRST_BYTE, BYTE_SYMBOLS = 1, 3, 384

Reader = TypeVar("Reader", bound=BaseModel)


class CharacterEncoder(nn.Module):
    """Embed characters.

    Raises:
        ConfigError: when called with a text that has a character which the vocabulary lacks.
    """

    tokenizer = None

    def __init__(self, config: CharactersConfig):
        super().__init__()
        self.dim = config.dim
        # 0 pads, 1 stands for an empty text.
        self.characters = Characters(config.vocabulary, first=2)
        self.embedding = nn.Embedding(len(config.vocabulary) + 2, config.dim, padding_idx=0)

    def forward(self, texts: list[str]) -> Text:
        """Features and lengths of `texts`."""
        ids, lengths = _pad([self.characters(text) or [1] for text in texts], self.embedding.weight.device)
        return Text(self.embedding(ids), lengths)


def _pad(symbols: list[list[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Symbols of each text in one tensor, 0 past their ends, and how many there are."""
    ids = nn.utils.rnn.pad_sequence([torch.tensor(each) for each in symbols], batch_first=True).to(device)
    return ids, torch.tensor([len(each) for each in symbols], device=device)


class UMT5Encoder(nn.Module):
    """LayerNorm(last hidden state) + LayerNorm(word embedding), both affine-free (LongCat section 3, and its code)."""

    def __init__(self, config: UMT5Config):
        super().__init__()
        from transformers import AutoTokenizer, UMT5EncoderModel

        self.dim = config.dim
        self.tokenizer = AutoTokenizer.from_pretrained(config.model)
        self.encoder = UMT5EncoderModel.from_pretrained(config.model).eval().requires_grad_(False)

    @torch.no_grad()
    def forward(self, texts: list[str]) -> Text:
        """Features and lengths of `texts`."""
        batch = self.tokenizer(texts, padding=True, return_tensors="pt").to(self.encoder.device)
        output = self.encoder(**batch, output_hidden_states=True)
        layers = output.last_hidden_state, output.hidden_states[0]
        features = sum(F.layer_norm(layer.float(), layer.shape[-1:], eps=1e-6) for layer in layers)
        return Text(features * batch["attention_mask"].unsqueeze(-1), batch["attention_mask"].sum(dim=1))


class T5Encoder(nn.Module):
    """Last hidden state of a frozen T5 encoder (Target-KL)."""

    def __init__(self, config: T5Config):
        super().__init__()
        from transformers import AutoTokenizer, T5EncoderModel

        self.dim = config.dim
        self.tokenizer = AutoTokenizer.from_pretrained(config.model)
        model = T5EncoderModel.from_pretrained(config.model).eval().requires_grad_(False)
        self.encoder = model.get_encoder()  # the model around it names the same embedding twice

    @torch.no_grad()
    def forward(self, texts: list[str]) -> Text:
        """Features and lengths of `texts`."""
        batch = self.tokenizer(texts, padding=True, return_tensors="pt").to(self.encoder.device)
        features, mask = self.encoder(**batch).last_hidden_state, batch["attention_mask"]
        return Text(features.float() * mask.unsqueeze(-1), mask.sum(dim=1))


class ByteEncoder(nn.Module):
    """Last hidden state of a small T5 encoder over a text's UTF-8 bytes and an end."""

    tokenizer = None

    def __init__(self, config: TrainedT5Config):
        super().__init__()
        from transformers import T5Config, T5EncoderModel

        self.dim = config.dim
        sizes = {"d_model": config.dim, "d_kv": config.dim // config.heads, "d_ff": 2 * config.dim}
        layers = {"num_layers": config.depth, "num_heads": config.heads, "dropout_rate": 0.0}
        settings = T5Config(vocab_size=BYTE_SYMBOLS, feed_forward_proj="gated-gelu", **sizes, **layers)
        self.encoder = T5EncoderModel(settings).get_encoder()

    def forward(self, texts: list[str]) -> Text:
        """Features and lengths of `texts`."""
        # ByT5Tokenizer would take "<pad>" and the like within a text for symbols of their own.
        symbols = [[*(FIRST_BYTE + byte for byte in canonical(text).encode()), BYTE_END] for text in texts]
        ids, lengths = _pad(symbols, self.encoder.device)
        mask = length_mask(lengths, ids.shape[1]).long()
        features = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return Text(features.float() * mask.unsqueeze(-1), lengths)


class T5GemmaTextEncoder(nn.Module):
    """Last hidden state of a frozen T5Gemma encoder (Stable Audio 3, SAME)."""

    def __init__(self, config: T5GemmaConfig):
        super().__init__()
        from transformers import AutoTokenizer, T5GemmaEncoderModel

        self.dim, self.tokens = config.dim, config.tokens
        self.tokenizer = AutoTokenizer.from_pretrained(config.model)
        # The hub's model has a decoder, too.
        model = T5GemmaEncoderModel.from_pretrained(config.model, is_encoder_decoder=False)
        self.encoder = model.eval().requires_grad_(False)

    @torch.no_grad()
    def forward(self, texts: list[str]) -> Text:
        """Features and lengths of `texts`."""
        batch = self.tokenizer(texts, padding=True, truncation=True, max_length=self.tokens, return_tensors="pt")
        batch = batch.to(self.encoder.device)
        features, mask = self.encoder(**batch).last_hidden_state, batch["attention_mask"]
        return Text(features.float() * mask.unsqueeze(-1), mask.sum(dim=1))


TEXT_ENCODERS = {
    "characters": CharacterEncoder,
    "umt5": UMT5Encoder,
    "t5": T5Encoder,
    "t5gemma": T5GemmaTextEncoder,
    "trained_t5": ByteEncoder,
}


def build_text_encoder(config: TextConfig) -> nn.Module:
    """The text encoder that `config.kind` names."""
    return TEXT_ENCODERS[config.kind](config)


def with_characters(config: Reader, texts: Iterable[str]) -> Reader:
    """`config`, knowing all characters of `texts` if it has a vocabulary of characters."""
    if config.kind not in ("characters", "transformer"):
        return config
    return config.model_copy(update={"vocabulary": extended(config.vocabulary, texts)})
