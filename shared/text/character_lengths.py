"""How long each character of a text lasts where it is said, from clips whose texts are known and not aligned."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RIDGE = 100.0  # a voice's pace moves a clip's length by some ten times as much as a pair of characters does
LEAST = 0.1  # of a character that is silent, or rare among voices of many paces: the fit may make it less than nothing
MOST_PAIRED = 80  # symbols; of more, as Chinese has, the pairs are too many to fit


class CharacterLengths(nn.Module):
    """Lengths by character and the one before it, in characters of mean length; 1 until `measure` is called.

    Args:
        symbols: how many there are.
        space: the symbol that stands before the first character of a text, and joins utterances.
    """

    table: Tensor

    def __init__(self, symbols: int, space: int):
        super().__init__()
        self.space = space
        # Saved with the weights. A row for each character before, or one for all.
        self.register_buffer("table", torch.ones(symbols if symbols <= MOST_PAIRED else 1, symbols))

    def ends(self, symbols: list[int]) -> Tensor:
        """Where each character of a text ends, `(characters,)`."""
        before, tokens = self._pairs(symbols)
        return self.table[before, tokens].cumsum(0)

    def measure(self, texts: list[list[int]], durations: list[float]) -> Tensor:
        """Fit them to clips of any unit of time; returns how many characters there are to a unit.

        Ridge regression of how much longer than the mean a clip is, on its characters and on pairs of them.
        `shared.sampling.duration` fits the same counts, but with an intercept: that is of the whole text, and no
        character's.
        """
        (rows, size), device = self.table.shape, self.table.device
        pairs, counts = torch.zeros(len(texts), rows * size, device=device), torch.zeros(len(texts), device=device)
        for row, symbols in enumerate(texts):
            before, tokens = self._pairs(symbols)
            pairs[row] = torch.bincount(before * size + tokens, minlength=rows * size)
            counts[row] = len(tokens)
        features = torch.cat([pairs, pairs.unflatten(1, (rows, size)).sum(1)], dim=1)
        rate = counts.sum() / sum(durations)
        excess = torch.tensor(durations, device=device) * rate - counts
        gram = features.T @ features + RIDGE * torch.eye(features.shape[1], device=device)
        of_pairs, of_characters = torch.linalg.solve(gram, features.T @ excess).split([rows * size, size])
        self.table.copy_((1 + of_pairs.unflatten(0, (rows, size)) + of_characters).clamp_min(LEAST))
        return rate

    def _pairs(self, symbols: list[int]) -> tuple[Tensor, Tensor]:
        """Row of the table for the character before each one, a space before the first, and the characters."""
        tokens = torch.tensor(symbols, device=self.table.device)
        before = F.pad(tokens[:-1], (1, 0), value=self.space)
        return before.clamp_max(len(self.table) - 1), tokens
