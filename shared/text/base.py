"""What text encoders have in common: what they give."""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Text(NamedTuple):
    """What an encoder gives of a batch of texts.

    Attributes:
        features: `(batch, tokens, text_dim)`, zero past each text's end.
        lengths: of the texts, `(batch,)`.
        ends: at which share of what is said each token ends, `(batch, tokens)`, where that is known.
    """

    features: Tensor
    lengths: Tensor
    ends: Tensor | None = None

    def begins(self) -> Tensor:
        """At which share of what is said each token begins, `(batch, tokens)`; all last equally long if not known."""
        if self.ends is not None:
            return nn.functional.pad(self.ends[:, :-1], (1, 0))
        index = torch.arange(self.features.shape[1], device=self.features.device)
        return index / self.lengths.clamp_min(1)[:, None]

    def middles(self) -> Tensor:
        """The same of the tokens' middles."""
        if self.ends is not None:
            return (self.begins() + self.ends) / 2
        return self.begins() + 0.5 / self.lengths.clamp_min(1)[:, None]


def padded(symbols: list[list[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Symbols of each text in one tensor, 0 past their ends, and how many there are."""
    ids = nn.utils.rnn.pad_sequence([torch.tensor(each) for each in symbols], batch_first=True).to(device)
    return ids, torch.tensor([len(each) for each in symbols], device=device)
