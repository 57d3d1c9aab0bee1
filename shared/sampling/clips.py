"""A set of clips to be scored: wavs, and `clips.json` which says what each is compared with."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from shared.audio.io import AudioError, read_audio, resample, write_pcm16
from shared.config import ConfigError, Strict
from shared.corpora.manifest import Channels
from shared.files import read_json, sha256, write_json
from shared.user_files import Below, file_name

FOLDER = "clips"  # beside clips.json


class GeneratedClip(Strict):
    """One clip, generated, reconstructed or real.

    Attributes:
        id: the id of the test clip in the corpus that this one speaks for.
        file: the wav, relative to clips.json.
        text: what it should say or, of a sound, be.
        reference: corpus id of the signal it should equal (PESQ, STOI, and SIM where there is no prompt).
        prompt: corpus id of the clip whose voice it should have (SIM).
        prefix_seconds: of the prompt, with which the clip begins: given, not generated.
        speaker: whose voice that is; None of a sound.
        kl: of a reconstruction, nats of its posterior's KL divergence in a latent frame, the mean over its frames.
        kbps: the same as a rate, in kilobits a second.
        sha256: of the wav; who writes it fills that in.
    """

    id: str
    file: Below
    text: str
    reference: str | None
    prompt: str | None
    speaker: str | None
    prefix_seconds: float | None = None
    kl: float | None = None
    kbps: float | None = None
    sha256: str = ""


class ClipSet(Strict):
    """The clips of one job; all at `sample_rate` Hz, mono or stereo. The file says nothing of one channel."""

    sample_rate: int
    channels: Channels = 1
    clips: list[GeneratedClip]


def clip_file(identity: str) -> str:
    """Where a clip's wav lies relative to clips.json."""
    return f"{FOLDER}/{file_name(identity)}.wav"


def write_clips(
    path: Path, sample_rate: int, items: Iterable[tuple[GeneratedClip, np.ndarray]], rate: int | None = None
) -> ClipSet:
    """Write each `(time,)` or `(2, time)` signal as a 16-bit wav, then `path` (clips.json) once all of them are there.

    Samples beyond full scale are clipped, as a listener's player would.

    Args:
        path: clips.json.
        sample_rate: Hz of the signals.
        items: what is said of each, and the signal.
        rate: Hz that they are written at, if that is another.

    Raises:
        ValueError: a signal holds a value that is not finite, some are mono and some stereo, or two clips share an id.
    """
    path, clips, shapes = Path(path), [], set()
    for clip, audio in items:
        if not np.isfinite(audio).all():
            raise ValueError(f"clip {clip.id}: samples that are not finite")
        audio = resample(np.ascontiguousarray(audio.T), sample_rate, rate or sample_rate).T
        write_pcm16(path.parent / clip.file, audio, rate or sample_rate)
        clips.append(clip.model_copy(update={"sha256": sha256(path.parent / clip.file)}))
        shapes.add(audio.shape[:-1])
    if len(shapes) > 1:
        raise ValueError(f"{path}: some clips are mono and some stereo")
    repeated = len(clips) - len({clip.id for clip in clips})
    if repeated:
        raise ValueError(f"{path}: {repeated} clips share an id with another")
    clip_set = ClipSet(sample_rate=rate or sample_rate, channels=2 if shapes == {(2,)} else 1, clips=clips)
    write_json(path, clip_set.model_dump(mode="json"))
    return clip_set


def load_clips(path: Path) -> ClipSet:
    """Read clips.json.

    Raises:
        ConfigError: the file is missing or is not a clip set.
    """
    try:
        return ClipSet.model_validate(read_json(path))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except ValidationError as error:
        raise ConfigError(f"{path}: not a set of clips ({error.error_count()} wrong fields)") from None
    except ValueError as error:
        raise ConfigError(str(error)) from None


def load_audio(path: Path, clip_set: ClipSet, clip: GeneratedClip) -> np.ndarray:
    """Read one clip as float32 `(time,)` or, of a stereo set, `(2, time)`; `path` is that of clips.json.

    Raises:
        ConfigError: the wav is missing, damaged, or has other channels or another rate than the set.
    """
    file = Path(path).parent / clip.file
    again = f"delete {path} and run again"
    try:
        if clip.sha256 and sha256(file) != clip.sha256:
            raise ConfigError(f"{file}: is not the clip that was written (other SHA-256); {again}")
        audio, rate = read_audio(file)
    except (AudioError, OSError) as error:
        raise ConfigError(f"{file}: {error}; {again}") from None
    if audio.shape[1] != clip_set.channels or rate != clip_set.sample_rate:
        expected = "mono" if clip_set.channels == 1 else "stereo"
        raise ConfigError(
            f"{file}: expected {expected} at {clip_set.sample_rate} Hz, got {audio.shape[1]} channels at {rate}"
        )
    return audio[:, 0] if clip_set.channels == 1 else np.ascontiguousarray(audio.T)
