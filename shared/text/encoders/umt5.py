"""A frozen UMT5, which reads texts as published (LongCat)."""

import torch
import torch.nn.functional as F
from torch import nn

from shared.pretrained import load
from shared.text.base import Text
from shared.text.encoders.umt5_config import UMT5Config


class UMT5Encoder(nn.Module):
    """LayerNorm(last hidden state) + LayerNorm(word embedding), both affine-free (LongCat section 3, and its code)."""

    def __init__(self, config: UMT5Config):
        super().__init__()
        from transformers import AutoTokenizer, UMT5EncoderModel

        self.dim = config.dim
        self.tokenizer = load(AutoTokenizer, config.model, weights=False)
        self.encoder = load(UMT5EncoderModel, config.model).eval().requires_grad_(False)

    @torch.no_grad()
    def forward(self, texts: list[str]) -> Text:
        """Features and lengths of `texts`."""
        batch = self.tokenizer(texts, padding=True, return_tensors="pt").to(self.encoder.device)
        output = self.encoder(**batch, output_hidden_states=True)
        layers = output.last_hidden_state, output.hidden_states[0]
        features = sum(F.layer_norm(layer.float(), layer.shape[-1:], eps=1e-6) for layer in layers)
        return Text(features * batch["attention_mask"].unsqueeze(-1), batch["attention_mask"].sum(dim=1))


build = UMT5Encoder
