"""A small T5 over a text's bytes, trained with what reads it."""

from torch import nn

from shared.layers.attention import length_mask
from shared.text.base import Text, padded
from shared.text.characters import canonical
from shared.text.encoders.trained_t5_config import TrainedT5Config

# Symbols as ByT5 numbers them; 2 and those after the bytes stand for what is not needed here.
BYTE_END, FIRST_BYTE, BYTE_SYMBOLS = 1, 3, 384



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
        ids, lengths = padded(symbols, self.encoder.device)
        mask = length_mask(lengths, ids.shape[1]).long()
        features = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return Text(features.float() * mask.unsqueeze(-1), lengths)


build = ByteEncoder
