"""A frozen T5, which reads texts as published (Target-KL)."""

import torch
from torch import nn

from shared.pretrained import load
from shared.text.base import Text
from shared.text.encoders.t5_config import T5Config


class T5Encoder(nn.Module):
    """Last hidden state of a frozen T5 encoder (Target-KL)."""

    def __init__(self, config: T5Config):
        super().__init__()
        from transformers import AutoTokenizer, T5EncoderModel

        self.dim = config.dim
        self.tokenizer = load(AutoTokenizer, config.model, weights=False)
        model = load(T5EncoderModel, config.model).eval().requires_grad_(False)
        self.encoder = model.get_encoder()  # the model around it names the same embedding twice

    @torch.no_grad()
    def forward(self, texts: list[str]) -> Text:
        """Features and lengths of `texts`."""
        batch = self.tokenizer(texts, padding=True, return_tensors="pt").to(self.encoder.device)
        features, mask = self.encoder(**batch).last_hidden_state, batch["attention_mask"]
        return Text(features.float() * mask.unsqueeze(-1), mask.sum(dim=1))


build = T5Encoder
