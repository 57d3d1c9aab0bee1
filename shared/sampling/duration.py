"""How long a text will last in the prompt's voice. A generator needs the number of frames before it begins.

seconds = text_seconds(text) · pace, pace = prompt seconds / text_seconds(prompt text), clipped.

LongCat's released code has text_seconds(text) = 0.082 · characters. Fitted to a corpus, it is a ridge regression on
the counts of characters and of pairs of neighbouring characters: on the five-word commands of scale `cpu` its error
is a third of that of a constant rate, and too short a duration costs the first word. Where there are very many pairs,
as in Chinese, the commonest are counted.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from shared.corpora.manifest import Clip
from shared.sampling.config import DurationConfig
from shared.text.characters import canonical

RIDGE = 1.0
MOST_PAIRS = 2000  # more than an alphabet has


class DurationModel:
    """Predicts durations.

    Args:
        config: constant rate or fit, and the bounds of the pace.
        clips: what the fit is made from.
    """

    def __init__(self, config: DurationConfig, clips: list[Clip]):
        self.config = config
        self.weights: dict[str, float] = {}
        self.constant = 0.0
        if config.seconds_per_character is None:
            self._fit(clips)

    def seconds(self, text: str, prompt_text: str, prompt_seconds: float) -> float:
        """Predicted duration of `text` in the voice of a prompt."""
        least, greatest = self.config.pace
        pace = prompt_seconds / self.text_seconds(prompt_text)
        return self.text_seconds(text) * min(max(pace, least), greatest)

    def text_seconds(self, text: str) -> float:
        """Duration of `text` by the mean speaker; never below a hundredth of a second a character."""
        if self.config.seconds_per_character is not None:
            return self.config.seconds_per_character * max(1, len(canonical(text)))
        predicted = self.constant + sum(self.weights.get(unit, 0.0) for unit in units(text))
        return max(predicted, 0.01 * max(1, len(canonical(text))))

    def _fit(self, clips: list[Clip]) -> None:
        column = {unit: i for i, unit in enumerate(counted_units([clip.text for clip in clips]))}
        counts = np.zeros((len(clips), len(column)))
        for row, clip in zip(counts, clips, strict=True):
            np.add.at(row, [column[unit] for unit in units(clip.text) if unit in column], 1.0)
        seconds = np.array([clip.seconds for clip in clips])
        # Centred, so that the ridge does not pull the mean duration towards zero.
        centred = counts - counts.mean(axis=0)
        gram = centred.T @ centred + RIDGE * np.eye(len(column))
        weights = np.linalg.solve(gram, centred.T @ (seconds - seconds.mean()))
        self.weights = dict(zip(column, weights.tolist(), strict=True))
        self.constant = float(seconds.mean() - counts.mean(axis=0) @ weights)


def units(text: str) -> Iterator[str]:
    """The characters of a text, and its pairs of neighbours with a space at either end."""
    padded = f" {canonical(text)} "
    yield from padded[1:-1]
    yield from map("".join, pairwise(padded))


def counted_units(texts: list[str]) -> list[str]:
    """The units that a fit counts, sorted: all characters of the texts, and their commonest pairs."""
    found = Counter(unit for text in texts for unit in units(text))
    characters = [unit for unit in found if len(unit) == 1]
    pairs = sorted((unit for unit in found if len(unit) == 2), key=lambda pair: (-found[pair], pair))
    return sorted(characters + pairs[:MOST_PAIRS])
