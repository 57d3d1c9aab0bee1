"""RoPE positions of a next-token model: where the text stands, and the patches of latents that say it.

`before`, as in LatentLM and SemaVoice: one count over the text and then the patches. The others are ours and let each
begin at 0, so that a small model finds the token that it says at about its own position. `beside`: patches advance at
the training split's mean rate of tokens a patch. `paced`: tokens are as long as they last, and patches advance at the
pace of the prompt, which ends where the text after it begins.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shared.generators.next_token_config import NextTokenConfig

RIDGE = 100.0  # a voice's pace moves an example's length by some ten times as much as a pair of characters does
MOST_PAIRED = 80  # symbols; of more, as Chinese has, the pairs are too many to fit


class Prompt(NamedTuple):
    """What is said first in an example: its text, None if that is not known, and its length in frames."""

    text: str | None
    frames: int


class TextPositions(nn.Module):
    """The positions that a config's `text_positions` asks for.

    Args:
        config: of the generator.
        tokens: the backbone's tokens of a text.
    """

    tokens_per_patch: Tensor
    lengths: Tensor

    def __init__(self, config: NextTokenConfig, tokens: Callable[[str], list[int]]):
        super().__init__()
        self.kind, self.patch, self.tokens = config.text_positions, config.patch, tokens
        # Measured when training starts, and saved with the weights.
        self.register_buffer("tokens_per_patch", torch.ones(()))
        characters = config.backbone.characters
        if self.kind == "paced" and characters is not None:
            size = len(characters) + 1
            # How long each character lasts after each other one, or after any, in characters of mean length.
            self.register_buffer("lengths", torch.ones(size if size <= MOST_PAIRED else 1, size))

    def of_text(self, text: str, tokens: int) -> Tensor:
        """Positions of a text's tokens, of which there are so many."""
        paced = self.kind == "paced"
        return self._ends(text)[:-1] if paced else torch.arange(tokens, device=self.tokens_per_patch.device).float()

    def of_patches(self, tokens: Tensor | int, index: Tensor, pace: Tensor) -> Tensor:
        """Positions of the begin marker (`index` 0) and of the patches (from 1) after so many text tokens."""
        return (tokens + index).float() if self.kind == "before" else index * pace

    def paces(self, prompts: list[Prompt]) -> Tensor:
        """Text tokens a patch, `(batch,)`: the prompt's if `paced` and its text is known, else the training split's."""
        paces = self.tokens_per_patch.repeat(len(prompts))
        if self.kind == "paced":
            for index, (text, frames) in enumerate(prompts):
                if text and frames:
                    paces[index] = self._ends(f"{text} ")[-1] * self.patch / frames
        return paces

    def measure(self, texts: list[str], frames: list[int]) -> None:
        """Set the rate of text tokens a patch, and for `paced` the length of each, from examples."""
        if self.kind == "paced":
            self._measure_lengths(texts, [count / self.patch for count in frames])
        else:
            tokens = sum(len(self.tokens(text)) for text in texts)
            self.tokens_per_patch.fill_(tokens / sum(-(-count // self.patch) for count in frames))

    def _measure_lengths(self, texts: list[str], patches: list[float]) -> None:
        """Ridge regression of how much longer than the mean an example is, on its characters and on pairs of them.

        `DurationModel` fits the same counts, but with an intercept: that is of the whole text, and no character's.
        """
        (rows, size), device = self.lengths.shape, self.lengths.device
        pairs, counts = torch.zeros(len(texts), rows * size, device=device), torch.zeros(len(texts), device=device)
        for row, text in enumerate(texts):
            before, tokens = self._pairs(f"{text} ")
            pairs[row] = torch.bincount(before * size + tokens, minlength=rows * size)
            counts[row] = len(tokens)
        features = torch.cat([pairs, pairs.unflatten(1, (rows, size)).sum(1)], dim=1)
        self.tokens_per_patch.copy_(counts.sum() / sum(patches))
        excess = torch.tensor(patches, device=device) * self.tokens_per_patch - counts
        gram = features.T @ features + RIDGE * torch.eye(features.shape[1], device=device)
        of_pairs, of_characters = torch.linalg.solve(gram, features.T @ excess).split([rows * size, size])
        self.lengths.copy_(1 + of_pairs.unflatten(0, (rows, size)) + of_characters)

    def _ends(self, text: str) -> Tensor:
        """Where a paced text begins, 0, and where each of its characters ends."""
        before, tokens = self._pairs(text)
        return F.pad(self.lengths[before, tokens].cumsum(0), (1, 0))

    def _pairs(self, text: str) -> tuple[Tensor, Tensor]:
        """Row of `lengths` for the character before each one, a space before the first, and the tokens."""
        (space,) = self.tokens(" ")
        tokens = torch.tensor(self.tokens(text), device=self.lengths.device)
        before = F.pad(tokens[:-1], (1, 0), value=space)
        return before.clamp_max(len(self.lengths) - 1), tokens
