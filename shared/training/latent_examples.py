"""What a generator is trained on: batches of latents with their texts."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from shared.autoencoders.latents import Latents
from shared.corpora.manifest import Clip
from shared.generators.text_positions import Prompt


class Batch(NamedTuple):
    """Padded latents `(batch, frames, dim)`, true lengths `(batch,)`, texts, first utterances, and REPA's targets."""

    latents: Tensor
    frames: Tensor
    texts: list[str]
    prompts: list[Prompt]
    targets: Tensor | None

    def to(self, device: torch.device) -> "Batch":
        """The batch with its tensors on `device`."""
        return Batch._make(part.to(device) if isinstance(part, Tensor) else part for part in self)


class LatentExamples:
    """Draws batches: utterances of one speaker, joined in latents and in text."""

    def __init__(self, latents: Latents, clips: list[Clip], scale: float, utterances: int):
        self.latents, self.clips, self.scale, self.utterances = latents, clips, scale, utterances
        self.targets: list[Tensor] = []
        of_speaker: dict[str | None, list[int]] = defaultdict(list)
        for number, clip in enumerate(clips):
            of_speaker[clip.speaker].append(number)
        self.of_speaker = {speaker: np.array(numbers) for speaker, numbers in of_speaker.items()}

    def draw(self, batch: int, generator: np.random.Generator) -> Batch:
        """A batch, from `generator` and (for the posterior's noise) torch's global generator."""
        examples, texts, prompts, targets = [], [], [], []
        for first in generator.integers(len(self.clips), size=batch):
            same = self.of_speaker[self.clips[first].speaker]
            chosen = [int(first), *generator.choice(same, size=self.utterances - 1)]
            utterances = [self.latents.sample(i) for i in chosen]
            examples.append(torch.cat(utterances) / self.scale)
            prompts.append(Prompt(self.clips[first].text, len(utterances[0])))
            texts.append(" ".join(self.clips[i].text for i in chosen))
            if self.targets:
                targets.append(torch.cat([self.targets[i] for i in chosen]))
        frames = torch.tensor([len(example) for example in examples])
        padded_targets = pad_sequence(targets, batch_first=True) if targets else None
        return Batch(pad_sequence(examples, batch_first=True), frames, texts, prompts, padded_targets)
