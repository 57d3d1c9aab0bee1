"""A frozen T5Gemma, which reads texts as published (Stable Audio 3, SAME)."""

import torch
from torch import nn

from shared.pretrained import load
from shared.text.base import Text
from shared.text.encoders.t5gemma_config import T5GemmaConfig


class T5GemmaTextEncoder(nn.Module):
    """Last hidden state of a frozen T5Gemma encoder (Stable Audio 3, SAME)."""

    def __init__(self, config: T5GemmaConfig):
        super().__init__()
        from transformers import AutoTokenizer, T5GemmaEncoderModel

        self.dim, self.tokens = config.dim, config.tokens
        self.tokenizer = load(AutoTokenizer, config.model, weights=False)
        # The hub's model has a decoder, too.
        model = load(T5GemmaEncoderModel, config.model, settings={"is_encoder_decoder": False})
        self.encoder = model.eval().requires_grad_(False)

    @torch.no_grad()
    def forward(self, texts: list[str]) -> Text:
        """Features and lengths of `texts`."""
        batch = self.tokenizer(texts, padding=True, truncation=True, max_length=self.tokens, return_tensors="pt")
        batch = batch.to(self.encoder.device)
        features, mask = self.encoder(**batch).last_hidden_state, batch["attention_mask"]
        return Text(features.float() * mask.unsqueeze(-1), mask.sum(dim=1))


build = T5GemmaTextEncoder
