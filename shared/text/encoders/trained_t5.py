"""A small T5 over a text's bytes or words, trained with what reads it."""

from torch import nn

from shared.layers.attention import length_mask
from shared.text.base import Text, padded
from shared.text.characters import canonical, known
from shared.text.encoders.trained_t5_config import TrainedT5Config
from shared.text.words import words_of

# Symbols as ByT5 numbers them; 2 and those after the bytes stand for what is not needed here.
END, FIRST, BYTE_SYMBOLS = 1, 3, 384


class TrainedEncoder(nn.Module):
    """Last hidden state of a small T5 encoder over the tokens of a text and an end.

    Raises:
        ConfigError: when called with a text that has a word which the vocabulary lacks.
    """

    tokenizer = None

    def __init__(self, config: TrainedT5Config):
        super().__init__()
        from transformers import T5Config, T5EncoderModel

        self.dim = config.dim
        # None: bytes.
        self.words = None
        if config.unit == "word":
            self.words = {word: symbol for symbol, word in enumerate(config.vocabulary, start=FIRST)}
        symbols = BYTE_SYMBOLS if self.words is None else FIRST + len(self.words)
        sizes = {"d_model": config.dim, "d_kv": config.dim // config.heads, "d_ff": 2 * config.dim}
        layers = {"num_layers": config.depth, "num_heads": config.heads, "dropout_rate": 0.0}
        settings = T5Config(vocab_size=symbols, feed_forward_proj="gated-gelu", **sizes, **layers)
        self.encoder = T5EncoderModel(settings).get_encoder()

    def forward(self, texts: list[str]) -> Text:
        """Features and lengths of `texts`."""
        ids, lengths = padded([[*self._symbols(text), END] for text in texts], self.encoder.device)
        mask = length_mask(lengths, ids.shape[1]).long()
        features = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return Text(features.float() * mask.unsqueeze(-1), lengths)

    def _symbols(self, text: str) -> list[int]:
        if self.words is None:
            # ByT5Tokenizer would take "<pad>" and the like within a text for symbols of their own.
            return [FIRST + byte for byte in canonical(text).encode()]
        return known(text, words_of(text), self.words, repr)


build = TrainedEncoder
