"""Texts as characters: a learned embedding of each (see `shared.text.characters` for how they are read)."""

from torch import nn

from shared.text.base import Text, padded
from shared.text.characters import Characters
from shared.text.encoders.characters_config import CharactersConfig


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
        ids, lengths = padded([self.characters(text) or [1] for text in texts], self.embedding.weight.device)
        return Text(self.embedding(ids), lengths)


build = CharacterEncoder
