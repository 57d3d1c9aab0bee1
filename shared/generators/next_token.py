"""Next-token diffusion (LatentLM, arXiv 2412.08635; SemaVoice, arXiv 2605.16964): latents one patch after another.

A causal transformer reads the text's tokens, a begin marker and the latent patches so far. From its state before each
patch, a small head generates the patch by diffusion, and a linear layer decides whether speech has ended instead.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from shared.generators.backbones.base import Backbone
from shared.generators.base import Generator
from shared.generators.diffusion import Diffusion
from shared.generators.heads.base import Head
from shared.generators.next_token_config import NextTokenConfig, NextTokenLossConfig
from shared.generators.text_positions import TextPositions


class Sequence(NamedTuple):
    """What the transformer reads of an example: embeddings `(length, width)` and RoPE positions `(length,)`."""

    embeddings: Tensor
    positions: Tensor


class NextTokenGenerator(Generator):
    """Transformer, diffusion head and end decision: what is trained on one latent space."""

    def __init__(self, config: NextTokenConfig, latent_dim: int):
        super().__init__()
        self.config, self.patch = config, config.patch
        width = config.backbone.width
        self.backbone: Backbone = config.backbone.build()
        self.begin = nn.Parameter(torch.randn(width) * width**-0.5)
        self.connector = nn.Linear(config.patch * latent_dim, width)
        self.head: Head = config.head.build(width, config.patch, latent_dim)
        # Guidance's unconditional branch. SemaVoice drops the state and nothing else; of LatentLM's it is not known
        # for speech, so that it has the same here.
        self.null = nn.Parameter(torch.randn(width) * width**-0.5)
        self.end = nn.Linear(width, 1)
        self.positions = TextPositions(config, self.backbone.tokens)
        self.diffusion = Diffusion(config.prediction)

    @property
    def tokenizer(self) -> Any:
        """Of a language model from the hub, which reads the texts; None where characters are read."""
        return self.backbone.tokenizer

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
            paces: text tokens a patch, `(batch,)`, as `positions.paces` tells them from prompts; none: the mean.
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
        paces = self.positions.tokens_per_patch.expand(len(texts)) if paces is None else paces
        latents = self.connector(torch.cat(histories).flatten(1)).split(counts)
        sequences = []
        for text, embedded, history, pace in zip(texts, self.backbone.embed(texts), latents, paces, strict=True):
            index = torch.arange(len(history) + 1, device=self.begin.device)
            patches = self.positions.of_patches(len(embedded), index, pace)
            positions = torch.cat([self.positions.of_text(text, len(embedded)), patches])
            sequences.append(Sequence(torch.cat([embedded, self.begin.unsqueeze(0), history]), positions))
        return sequences

    def patches(self, latents: Tensor) -> Tensor:
        """`(batch, frames, dim)` → `(batch, patches, patch, dim)`, the last patch filled up with zeros."""
        patch = self.config.patch
        count = -(-latents.shape[1] // patch)
        return F.pad(latents, (0, 0, 0, count * patch - latents.shape[1])).unflatten(1, (count, patch))


build = build_without_text = NextTokenGenerator
