"""Text front ends: strings → features that the generator attends to."""

import torch
import torch.nn.functional as F
from torch import nn

from shared.generators.base import Text
from shared.generators.config import (
    CharactersConfig,
    T5Config,
    T5GemmaConfig,
    TextConfig,
    TrainedT5Config,
    UMT5Config,
)


class CharacterEncoder(nn.Module):
    """Embed lower-cased characters."""

    def __init__(self, config: CharactersConfig):
        super().__init__()
        self.dim = config.dim
        # 0 pads, 1 is "unknown".
        self.index = {character: i for i, character in enumerate(config.vocabulary, start=2)}
        self.embedding = nn.Embedding(len(self.index) + 2, config.dim, padding_idx=0)

    def forward(self, texts: list[str]) -> Text:
        """Features and lengths of `texts`."""
        ids = [torch.tensor([self.index.get(c, 1) for c in text.lower()] or [1]) for text in texts]
        padded = nn.utils.rnn.pad_sequence(ids, batch_first=True).to(self.embedding.weight.device)
        lengths = torch.tensor([len(i) for i in ids], device=padded.device)
        return Text(self.embedding(padded), lengths)


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
    """Last hidden state of a T5 encoder: a frozen one from the hub (Target-KL), or a small one over bytes."""

    def __init__(self, config: T5Config | TrainedT5Config):
        super().__init__()
        import transformers

        self.dim = config.dim
        if config.kind == "t5":
            self.tokenizer = transformers.AutoTokenizer.from_pretrained(config.model)
            model = transformers.T5EncoderModel.from_pretrained(config.model).eval().requires_grad_(False)
        else:
            self.tokenizer = transformers.ByT5Tokenizer()
            sizes = {"d_model": config.dim, "d_kv": config.dim // config.heads, "d_ff": 2 * config.dim}
            layers = {"num_layers": config.depth, "num_heads": config.heads, "dropout_rate": 0.0}
            model = transformers.T5EncoderModel(
                transformers.T5Config(vocab_size=len(self.tokenizer), feed_forward_proj="gated-gelu", **sizes, **layers)
            )
        self.encoder = model.get_encoder()  # the model around it names the same embedding twice
        self.frozen = config.kind == "t5"

    def forward(self, texts: list[str]) -> Text:
        """Features and lengths of `texts`."""
        batch = self.tokenizer(texts, padding=True, return_tensors="pt").to(self.encoder.device)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            features = self.encoder(**batch).last_hidden_state
        mask = batch["attention_mask"]
        return Text(features.float() * mask.unsqueeze(-1), mask.sum(dim=1))


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
    "trained_t5": T5Encoder,
}


def build_text_encoder(config: TextConfig) -> nn.Module:
    """The text encoder that `config.kind` names."""
    return TEXT_ENCODERS[config.kind](config)
