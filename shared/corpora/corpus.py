"""A corpus that was built, as the rest of the chain reads it: its manifest, once, and the audio beside it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from shared.audio.io import AudioError, mix_down, read_audio, read_part
from shared.corpora.manifest import Channels, Clip, CorpusError, Split, load_manifest
from shared.files import sha256


class Corpus:
    """Clips with their audio.

    Args:
        path: its manifest.json.

    Raises:
        CorpusError: there is none, or it is no manifest.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self.manifest = load_manifest(self.path)
        self._whole: set[str] = set()  # files that were seen to be what was built

    @property
    def sample_rate(self) -> int:
        """In Hz."""
        return self.manifest.sample_rate

    @property
    def channels(self) -> Channels:
        """1, or 2 of stereo."""
        return self.manifest.channels

    def split(self, name: Split) -> list[Clip]:
        """The clips of one split, in the manifest's order."""
        return self.manifest.split(name)

    def audio(self, clip: Clip) -> np.ndarray:
        """A clip at the corpus' sample rate: float32 `(time,)`, or `(2, time)`, left first, if it is stereo.

        Raises:
            CorpusError: the file is gone or damaged.
        """
        return self._read(clip, lambda path: read_audio(path)[0])

    def part(self, clip: Clip, start: int, stop: int) -> np.ndarray:
        """The samples from `start` to `stop` of a clip, as `audio` has them; the rest of the file is not read again.

        Raises:
            CorpusError: the file is gone or damaged.
        """
        return self._read(clip, lambda path: read_part(path, start, stop))

    def check(self, clip: Clip) -> None:
        """Raises CorpusError where the file of a clip is gone or is not what was built."""
        self._read(clip, lambda path: np.empty((0, 1)))

    def _read(self, clip: Clip, read: Callable[[Path], np.ndarray]) -> np.ndarray:
        path = self.path.parent / clip.file
        again = f"delete {self.path} to build the corpus again"
        try:
            if clip.file not in self._whole and sha256(path) != clip.sha256:
                raise CorpusError(f"{path}: is not the audio that was built (other SHA-256); {again}")
            audio = read(path)
        except (AudioError, OSError) as error:
            raise CorpusError(f"{path}: {error}; {again}") from None
        self._whole.add(clip.file)
        return audio[:, 0] if audio.shape[1] == 1 else np.ascontiguousarray(audio.T)

    def mono(self, clip: Clip) -> np.ndarray:
        """The same with its channels averaged: float32 `(time,)`."""
        return mix_down(self.audio(clip))

    def texts(self, split: Split) -> list[str]:
        """What is said in, or said of, each clip of a split."""
        return [clip.text for clip in self.split(split)]
