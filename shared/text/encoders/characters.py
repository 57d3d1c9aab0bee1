"""Texts as characters: a learned embedding of each (see `shared.text.characters` for how they are read)."""

from torch import Tensor, nn

from shared.text.base import Text, padded
from shared.text.character_lengths import CharacterLengths
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
        size = len(config.vocabulary) + 2
        self.embedding = nn.Embedding(size, config.dim, padding_idx=0)
        self.character_lengths = CharacterLengths(size, *self.characters(" ")) if config.timed else None

    def forward(self, texts: list[str]) -> Text:
        """Features and lengths of `texts`, and where their characters are heard if that is asked for."""
        symbols = [self.characters(text) or [1] for text in texts]
        ids, lengths = padded(symbols, self.embedding.weight.device)
        return Text(self.embedding(ids), lengths, self._ends(symbols))

    def measure(self, texts: list[str], durations: list[float]) -> None:
        """Learn how long characters last from clips, if that is asked for."""
        if self.character_lengths is not None:
            self.character_lengths.measure([self.characters(f"{text} ") for text in texts], durations)

    def _ends(self, symbols: list[list[int]]) -> Tensor | None:
        """A text ends with a pause, as long as a space."""
        if self.character_lengths is None:
            return None
        (space,) = self.characters(" ")
        ends = [self.character_lengths.ends([*each, space]) for each in symbols]
        return nn.utils.rnn.pad_sequence([(each / each[-1])[:-1] for each in ends], batch_first=True, padding_value=1.0)


build = CharacterEncoder
