"""Next-token diffusion (LatentLM, arXiv 2412.08635; SemaVoice, arXiv 2605.16964): latents one patch after another.

A causal transformer reads the text's tokens, a begin marker and the latent patches so far. From its state before each
patch, a small head generates the patch by diffusion, and a linear layer decides whether speech has ended instead.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from shared.generators.backbone import Backbone
from shared.generators.diffusion import Diffusion
from shared.generators.diffusion_head import MlpHead
from shared.generators.local_dit import LocalDiT
from shared.generators.next_token_config import NextTokenConfig, NextTokenLossConfig

HEADS = {"mlp": MlpHead, "local_dit": LocalDiT}
RIDGE = 100.0  # of how long a character lasts: an example's pace varies by some ten times what a pair's length does


class Sequence(NamedTuple):
    """What the transformer reads of an example: embeddings `(length, width)` and RoPE positions `(length,)`."""

    embeddings: Tensor
    positions: Tensor


class Prompt(NamedTuple):
    """What is said first in an example: its text, None if that is not known, and its length in frames."""

    text: str | None
    frames: int


class NextTokenGenerator(nn.Module):
    """Transformer, diffusion head and end decision: what is trained on one latent space."""

    def __init__(self, config: NextTokenConfig, latent_dim: int):
        super().__init__()
        self.config = config
        width = config.backbone.width
        self.backbone = Backbone(config.backbone)
        self.begin = nn.Parameter(torch.randn(width) * width**-0.5)
        self.connector = nn.Linear(config.patch * latent_dim, width)
        self.head = HEADS[config.head.kind](config.head, width, config.patch, latent_dim)
        # Guidance's unconditional branch. SemaVoice drops the state and nothing else; of LatentLM's it is not known
        # for speech, so that it has the same here.
        self.null = nn.Parameter(torch.randn(width) * width**-0.5)
        self.end = nn.Linear(width, 1)
        # For text positions other than `before`; set when training starts, and saved with the weights.
        self.register_buffer("tokens_per_patch", torch.ones(()))
        if config.text_positions == "paced":
            size = len(config.backbone.vocabulary) + 1
            self.register_buffer("lengths", torch.ones(size, size))
        self.diffusion = Diffusion(config.prediction)

    def forward(
        self, latents: Tensor, frames: Tensor, texts: list[str], loss: NextTokenLossConfig, paces: Tensor | None = None
    ) -> dict[str, Tensor]:
        """The loss terms of a batch: `diffusion`, mean squared error of ε or v, and `end`, cross-entropy.

        Args:
            latents: scaled latents, `(batch, frames, dim)`.
            frames: true number of frames, `(batch,)`.
            texts: what is said in them.
            loss: how they are noised and dropped.
            paces: as of `states`.
        """
        real = torch.arange(latents.shape[1], device=frames.device) < frames[:, None]
        # A last patch that is not full ends with zeros, whatever the padding of the batch.
        patches, real = self.patches(latents * real.unsqueeze(-1)), self.patches(real.unsqueeze(-1)).squeeze(-1)
        share = loss.history_noise * torch.rand(len(latents), 1, 1, 1, device=latents.device)
        history = patches + share * torch.randn_like(patches)
        counts = -(-frames // self.config.patch)
        states = self.states(history, counts, texts, paces)
        index = torch.arange(states.shape[1], device=states.device)
        # A state before each patch, and one after the last, which has only the end to tell.
        logits, ends = self.end(states).squeeze(-1).float(), (index == counts[:, None]).float()
        end = F.binary_cross_entropy_with_logits(logits, ends, reduction="none")[index <= counts[:, None]].mean()
        here = index[:-1] < counts[:, None]
        previous = torch.cat([torch.zeros_like(history[:, :1]), history[:, :-1]], dim=1)
        parts = states[:, :-1][here], patches[here], previous[here], real[here]
        return {"diffusion": self._diffusion_loss(*parts, loss), "end": end}

    def _diffusion_loss(
        self, states: Tensor, patches: Tensor, previous: Tensor, real: Tensor, loss: NextTokenLossConfig
    ) -> Tensor:
        """Over `(n, …)` patches, each at several diffusion times; `real` `(n, patch)` is false on padding."""
        states, patches, previous, real = (
            part.repeat(loss.timesteps, *[1] * (part.ndim - 1)) for part in (states, patches, previous, real)
        )
        noisy, target, time = self.diffusion.draw(patches)
        drop = torch.rand(len(states), 1, device=states.device) < loss.condition_dropout
        prediction = self.head(noisy, time, torch.where(drop, self.null, states), previous)
        error = (prediction.float() - target).square().mean(dim=-1)
        return (error * real).sum() / real.sum()

    def states(self, history: Tensor, counts: Tensor, texts: list[str], paces: Tensor | None = None) -> Tensor:
        """States before each patch and after the last, `(batch, patches + 1, width)`.

        Args:
            history: patches that the transformer looks back on, `(batch, patches, patch, dim)`.
            counts: true number of patches, `(batch,)`.
            texts: what is said.
            paces: text tokens a patch, `(batch,)`, as `paces` tells them from prompts; none: the mean.
        """
        histories = [row[:count] for row, count in zip(history, counts.tolist(), strict=True)]
        sequences = self.sequences(texts, histories, paces)
        embeddings, positions = (pad_sequence(list(each), batch_first=True) for each in zip(*sequences, strict=True))
        # The padding comes last, where causality hides it from all that is used.
        hidden = self.backbone(embeddings, positions, torch.ones_like(positions, dtype=torch.long))
        longest = history.shape[1] + 1
        begins = torch.tensor([len(each.positions) for each in sequences], device=counts.device) - counts - 1
        index = (begins[:, None] + torch.arange(longest, device=counts.device)).clamp_max(hidden.shape[1] - 1)
        return hidden.gather(1, index.unsqueeze(-1).expand(-1, -1, hidden.shape[-1]))

    def sequences(self, texts: list[str], histories: list[Tensor], paces: Tensor | None = None) -> list[Sequence]:
        """Each example's text, begin marker and patches `(patches, patch, dim)`, one after the other."""
        counts = [len(history) for history in histories]
        paces = self.tokens_per_patch.expand(len(texts)) if paces is None else paces
        latents = self.connector(torch.cat(histories).flatten(1)).split(counts)
        begin = self.begin.unsqueeze(0)
        return [
            Sequence(torch.cat([embedded, begin, history]), self._positions(text, len(history), pace))
            for text, embedded, history, pace in zip(texts, self.backbone.embed(texts), latents, paces, strict=True)
        ]

    def _positions(self, text: str, patches: int, pace: Tensor) -> Tensor:
        """RoPE positions of a text's tokens, the begin marker and so many patches."""
        ends = self._ends(text)
        index = torch.arange(patches + 1, device=ends.device)
        return torch.cat([ends[:-1], self.position(len(ends) - 1, index, pace)])

    def _ends(self, text: str) -> Tensor:
        """Where the text begins, and where each of its tokens ends, counted in tokens; 0 is the beginning."""
        tokens = torch.tensor(self.backbone.tokens(text), device=self.begin.device)
        if self.config.text_positions != "paced":
            return torch.arange(len(tokens) + 1, device=tokens.device).float()
        return F.pad(self.lengths[self._before(tokens), tokens].cumsum(0), (1, 0))

    def _before(self, tokens: Tensor) -> Tensor:
        """The token before each one, a space before the first."""
        (space,) = self.backbone.tokens(" ")
        return F.pad(tokens[:-1], (1, 0), value=space)

    def position(self, tokens: Tensor | int, index: Tensor, pace: Tensor) -> Tensor:
        """RoPE position of the begin marker (`index` 0) and of the patches (from 1) after so many text tokens."""
        return (tokens + index).float() if self.config.text_positions == "before" else index * pace

    def paces(self, prompts: list[Prompt]) -> Tensor | None:
        """Text tokens a patch of each example, `(batch,)`, as its prompt has them, the space after it counted.

        A token here is as long as the mean one. Where a prompt has no known text, the mean of the training split; none
        at all if `text_positions` does not ask for paces.
        """
        if self.config.text_positions != "paced":
            return None
        mean = float(self.tokens_per_patch)
        known = [
            float(self._ends(f"{prompt.text} ")[-1]) * self.config.patch / prompt.frames if prompt.text else mean
            for prompt in prompts
        ]
        return torch.tensor(known, device=self.begin.device)

    def measure_rate(self, texts: list[str], frames: list[int]) -> None:
        """Set the mean rate of text tokens a patch, from examples, and for `paced` how long each character lasts."""
        if self.config.text_positions == "paced":
            self._measure_lengths(texts, [count / self.config.patch for count in frames])
        else:
            tokens = sum(len(self.backbone.tokens(text)) for text in texts)
            self.tokens_per_patch.fill_(tokens / sum(-(-count // self.config.patch) for count in frames))

    def _measure_lengths(self, texts: list[str], patches: list[float]) -> None:
        """Ridge regression of how much longer than the mean an example is, on its characters and on pairs of them."""
        size, device = len(self.lengths), self.begin.device
        pairs, counts = torch.zeros(len(texts), size * size, device=device), torch.zeros(len(texts), device=device)
        for row, text in enumerate(texts):
            tokens = torch.tensor(self.backbone.tokens(f"{text} "), device=device)
            pairs[row] = torch.bincount(self._before(tokens) * size + tokens, minlength=size * size)
            counts[row] = len(tokens)
        features = torch.cat([pairs, pairs.unflatten(1, (size, size)).sum(1)], dim=1)
        self.tokens_per_patch.copy_(counts.sum() / sum(patches))
        excess = torch.tensor(patches, device=device) * self.tokens_per_patch - counts
        gram = features.T @ features + RIDGE * torch.eye(features.shape[1], device=device)
        of_pairs, of_characters = torch.linalg.solve(gram, features.T @ excess).split([size * size, size])
        self.lengths.copy_(1 + of_pairs.unflatten(0, (size, size)) + of_characters)

    def patches(self, latents: Tensor) -> Tensor:
        """`(batch, frames, dim)` → `(batch, patches, patch, dim)`, the last patch filled up with zeros."""
        patch = self.config.patch
        count = -(-latents.shape[1] // patch)
        return F.pad(latents, (0, 0, 0, count * patch - latents.shape[1])).unflatten(1, (count, patch))

    def predict(self, noisy: Tensor, time: Tensor, state: Tensor, previous: Tensor, guidance: float) -> Tensor:
        """The head's prediction of `(n, patch, dim)`, guided: (1 + w) · prediction − w · unconditional prediction."""
        conditional = self.head(noisy, time, state, previous)
        if guidance == 0:
            return conditional
        null = self.head(noisy, time, self.null.expand_as(state), previous)
        return conditional + guidance * (conditional - null)
