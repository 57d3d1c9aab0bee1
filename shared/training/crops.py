"""What an autoencoder is trained on: random crops of the clips of its corpora."""

import math
from collections.abc import Sequence
from itertools import islice
from types import EllipsisType
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from shared.config import ConfigError
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip, Split
from shared.evaluators.speech_encoder import interpolate
from shared.training.teacher_features import TeacherFeatures


class Batch(NamedTuple):
    """Crops `(batch, channels, time)`, and what the teacher makes of them, if there is one.

    Its features `(batch, frames, teacher_dim)` are at the latent frame rate; `valid` `(batch, frames)` is false on
    frames whose middle lies in padding. `texts` are those of the clips, where training reads them.
    """

    audio: Tensor
    features: Tensor | None = None
    valid: Tensor | None = None
    texts: list[str] | None = None

    def to(self, device: torch.device) -> "Batch":
        """The batch on a device."""
        return Batch._make(each.to(device) if isinstance(each, Tensor) else each for each in self)


class StoredClip:
    """A clip of a corpus that is cut like an array of its shape, and read from its file each time.

    So that a training's memory does not grow with its corpus; a crop is read in a fraction of a millisecond.

    Raises:
        CorpusError: the file is gone or is not what was built.
    """

    def __init__(self, corpus: Corpus, clip: Clip):
        corpus.check(clip)
        self.corpus, self.clip = corpus, clip
        time = round(clip.seconds * corpus.sample_rate)
        self.shape: tuple[int, ...] = (time,) if corpus.channels == 1 else (corpus.channels, time)

    def __getitem__(self, place: tuple[EllipsisType, slice]) -> np.ndarray:
        """`[..., start:stop]`."""
        return self.corpus.part(self.clip, place[1].start, place[1].stop)


class Crops:
    """Random crops of a list of waveforms, each drawn in proportion to its length.

    Args:
        waveforms: each `(time,)`, or each `(2, time)`: arrays, or clips that are read as they are cut.
        length: of a crop, in samples.
        hop: samples of a latent frame; it divides the length.
        teacher: features of each of the waveforms.
        texts: transcript or caption of each.
    """

    def __init__(
        self,
        waveforms: Sequence[np.ndarray | StoredClip],
        length: int,
        hop: int,
        teacher: TeacherFeatures | None = None,
        texts: list[str] | None = None,
    ):
        self.waveforms, self.length, self.teacher, self.texts = waveforms, length, teacher, texts
        self.middles = torch.arange(length // hop) * hop + hop / 2
        self.channels = math.prod(waveforms[0].shape[:-1])
        seconds = np.array([waveform.shape[-1] for waveform in waveforms], dtype=float)
        self.share = np.cumsum(seconds / seconds.sum())

    def draw(self, batch: int, generator: np.random.Generator) -> Batch:
        """A batch; a clip shorter than a crop is put at a random place in silence."""
        crops = np.zeros((batch, self.channels, self.length), dtype=np.float32)
        features, valid, texts = [], [], []
        for crop in crops:
            clip = min(len(self.waveforms) - 1, int(np.searchsorted(self.share, generator.random())))
            waveform = self.waveforms[clip]
            duration = waveform.shape[-1]
            spare = duration - self.length
            start = int(generator.integers(abs(spare) + 1))
            if spare >= 0:
                crop[:] = waveform[..., start : start + self.length]
            else:
                crop[..., start : start + duration] = waveform[..., 0:duration]
            if self.texts:
                texts.append(self.texts[clip])
            if self.teacher:
                places = (self.middles + (start if spare >= 0 else -start)) / duration
                features.append(interpolate(self.teacher[clip], places))
                valid.append((places >= 0) & (places < 1))
        audio = torch.from_numpy(crops)
        if not self.teacher:
            return Batch(audio, texts=texts or None)
        return Batch(audio, torch.stack(features), torch.stack(valid), texts or None)


def check_channels(corpora: list[Corpus], wanted: int) -> None:
    """Raises ConfigError where a corpus has not the autoencoder's channels."""
    for corpus in corpora:
        if corpus.channels != wanted:
            found = f"{corpus.path}: channels {corpus.channels}"
            raise ConfigError(f"{found}, and the autoencoder's audio_channels is {wanted}")


def stored_split(corpora: list[Corpus], split: Split) -> list[StoredClip]:
    """The clips of one split of all corpora, each seen to be what was built and not kept in memory."""
    return [StoredClip(corpus, clip) for corpus in corpora for clip in corpus.split(split)]


def load_split(corpora: list[Corpus], split: Split, clips: int | None = None) -> list[np.ndarray]:
    """The clips of one split of all corpora, each `(time,)` or, of stereo, `(2, time)`; or the first so many."""
    found = ((corpus, clip) for corpus in corpora for clip in corpus.split(split))
    return [corpus.audio(clip) for corpus, clip in islice(found, clips)]
