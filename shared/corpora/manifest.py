"""The manifest of a corpus: every clip with its transcript or caption, speaker, split and hash."""

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, ValidationError

from shared.audio.io import limit_peak, write_pcm16
from shared.config import ConfigError, Strict, digest
from shared.files import read_json, sha256, write_json
from shared.user_files import Below

Channels = Literal[1, 2]

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
AUDIO_FOLDER = "audio"


class CorpusError(ConfigError):
    """A corpus the user can fix; the message names the files, the reason and the setting to change."""


class Clip(Strict):
    """One utterance, sound or piece: PCM16 at the manifest's sample rate; `file` is relative to its folder.

    Of a sound or piece, `text` is the caption and `speaker` is None. `seen_speaker` is False for a voice that has no
    clip in `train`.
    """

    id: str
    file: Below
    text: str
    speaker: str | None
    split: Split
    seen_speaker: bool
    seconds: float
    sha256: str


class Rejected(Strict):
    """A source file that is not in the corpus, and why."""

    file: str
    reason: str


class Manifest(Strict):
    """A corpus: what the rest of the chain reads. `sample_rate` is in Hz.

    A file from before stereo says nothing of channels: it has one.
    """

    sample_rate: int
    channels: Channels = 1
    corpus_hash: str
    clips: list[Clip]
    rejected: list[Rejected] = Field(default_factory=list)

    def split(self, name: Split) -> list[Clip]:
        """The clips of one split, in the manifest's order."""
        if name not in SPLITS:
            raise ValueError(f"unknown split {name!r}; there are {', '.join(SPLITS)}")
        return [clip for clip in self.clips if clip.split == name]


def corpus_hash(clips: list[Clip]) -> str:
    """Hash of what the clips are (id, text, speaker, split, audio), whatever the machine and the folder."""
    return digest([[clip.id, clip.text, clip.speaker, clip.split, clip.sha256] for clip in clips], length=64)


def store_audio(folder: Path, name: str, audio: np.ndarray, rate: int) -> dict[str, str | float]:
    """Write (time,) or (2, time) as `audio/<name>.wav` under `folder`; return its `file`, `seconds` and `sha256`."""
    file = f"{AUDIO_FOLDER}/{name}.wav"
    write_pcm16(folder / file, limit_peak(audio), rate)
    return {"file": file, "seconds": round(audio.shape[-1] / rate, 6), "sha256": sha256(folder / file)}


def write_manifest(
    path: Path, sample_rate: int, clips: list[Clip], rejected: list[Rejected], channels: Channels = 1
) -> Manifest:
    """Write the manifest, atomically: where it exists, all of its audio does."""
    manifest = Manifest(
        sample_rate=sample_rate,
        channels=channels,
        corpus_hash=corpus_hash(clips),
        clips=clips,
        rejected=rejected,
    )
    write_json(path, manifest.model_dump(mode="json"))
    return manifest


def load_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        CorpusError: the file is missing, is not a manifest, or its clips are not those that were written.
    """
    try:
        manifest = Manifest.model_validate(read_json(path))
    except FileNotFoundError:
        raise CorpusError(f"{path}: no such manifest; build the corpus first") from None
    except ValidationError as error:
        raise CorpusError(f"{path}: not a corpus manifest ({error.error_count()} wrong fields)") from None
    except ValueError as error:
        raise CorpusError(str(error)) from None
    if manifest.corpus_hash != corpus_hash(manifest.clips):
        raise CorpusError(
            f"{path}: damaged, a clip was lost, doubled or changed since it was written; delete it to build the corpus "
            "again"
        )
    return manifest
