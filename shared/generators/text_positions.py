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
from shared.text.character_lengths import CharacterLengths


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

    def __init__(self, config: NextTokenConfig, tokens: Callable[[str], list[int]]):
        super().__init__()
        self.kind, self.patch, self.tokens = config.text_positions, config.patch, tokens
        # Measured when training starts, and saved with the weights.
        self.register_buffer("tokens_per_patch", torch.ones(()))
        characters = config.backbone.characters
        if self.kind == "paced" and characters is not None:
            self.lengths = CharacterLengths(len(characters) + 1, *tokens(" "))

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
            patches = [count / self.patch for count in frames]
            self.tokens_per_patch.copy_(self.lengths.measure([self.tokens(f"{text} ") for text in texts], patches))
        else:
            tokens = sum(len(self.tokens(text)) for text in texts)
            self.tokens_per_patch.fill_(tokens / sum(-(-count // self.patch) for count in frames))

    def _ends(self, text: str) -> Tensor:
        """Where a paced text begins, 0, and where each of its characters ends."""
        return F.pad(self.lengths.ends(self.tokens(text)), (1, 0))
