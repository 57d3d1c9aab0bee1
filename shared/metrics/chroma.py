"""Chroma: whether the pitch classes that sound in a clip are those of the notes it should play."""

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from shared.audio.io import mix_down
from shared.audio.librosa_parts import from_librosa
from shared.config import ConfigError
from shared.corpora.harmony import OCTAVE
from shared.corpora.pieces import Piece, chroma, load_pieces
from shared.metrics.base import Case, Metric, Setup
from shared.metrics.failure import NotMeasured
from shared.metrics.statistic import CORRELATION, Statistic

if TYPE_CHECKING:
    from torch import Tensor

    from shared.audio.spectral import Stft

WINDOW_SECONDS = 0.2  # or the nearest power of two of samples; frames are half as long
CENTRE, WIDTH = 5.0, 2.0  # in octaves above 27.5 Hz: librosa's weighting of octaves


def chroma_agreement(clip: np.ndarray, sample_rate: int, piece: Piece) -> float:
    """Mean over frames with notes of `corr(heard, written)` over the 12 pitch classes; 1 is best, 0 is chance.

    `heard` is the magnitude of each pitch class, by librosa's filters, `written` the exact chroma of the notes
    (`shared.corpora.pieces`). Overtones and drums are heard and not written, so that a recording is below 1; a frame
    in which nothing is heard counts 0.

    Args:
        clip: `(time,)`.
        sample_rate: in Hz.
        piece: what it should play, from the clip's first sample on.

    Raises:
        NotMeasured: the clip is shorter than a window or not finite, or no note with a pitch is held in it.
    """
    import torch

    n_fft = 2 ** round(math.log2(WINDOW_SECONDS * sample_rate))
    if len(clip) < n_fft or not np.isfinite(clip).all():
        raise NotMeasured(f"samples that are not finite, or too few for a window of {n_fft} ({len(clip)})")
    stft, filters = _transform(sample_rate, n_fft)
    heard = (filters @ stft.magnitude(torch.from_numpy(clip).float().unsqueeze(0))[0]).double().numpy()
    written = chroma(piece, sample_rate / stft.hop, heard.shape[1])
    held = written.any(axis=0)
    if not held.any():
        raise NotMeasured("no note with a pitch is held")
    heard, written = (each[:, held] - each[:, held].mean(axis=0) for each in (heard, written))
    norms = np.linalg.norm(heard, axis=0) * np.linalg.norm(written, axis=0)
    return float(((heard * written).sum(axis=0) / np.maximum(norms, 1e-9)).mean())


@functools.cache
def _transform(sample_rate: int, n_fft: int) -> "tuple[Stft, Tensor]":
    import torch

    from shared.audio.spectral import Stft

    filters = from_librosa("filters").chroma(
        sr=sample_rate, n_fft=n_fft, n_chroma=OCTAVE, ctroct=CENTRE, octwidth=WIDTH, norm=1, base_c=True
    )
    return Stft(n_fft, n_fft // 2, padding="same"), torch.from_numpy(filters).float()


class Chroma(Metric):
    """How well a clip's pitch classes agree with the notes of the piece that it stands for.

    Raises:
        CorpusError: the corpus has no notes.
    """

    name, place = "chroma", 190
    statistics = (Statistic("chroma", "Chroma agreement", True, place=240, bounds=CORRELATION, analysed="fisher_z"),)
    needs_notes = True
    stereo = "of the channels' mean"
    estimator = "correlation of librosa's chroma with the exact one, mean over frames with notes"

    def __init__(self, setup: Setup):
        if setup.corpus is None:
            raise ConfigError("chroma compares with the notes of a corpus, and none is given")
        self.pieces = load_pieces(setup.corpus)

    def __call__(self, case: Case) -> tuple[float]:
        if case.clip.id not in self.pieces:
            raise NotMeasured("the clip has no notes")
        return (chroma_agreement(mix_down(case.audio), case.sample_rate, self.pieces[case.clip.id]),)
