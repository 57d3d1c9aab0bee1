"""Recordings made by others: check each, convert what is usable, report the rest by name."""

import io
import math
import random
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import Field, model_validator

from shared.audio.io import AudioError, audio_seconds, read_audio, to_channels
from shared.config import Seed, Strict
from shared.corpora.checks import DEMANDS, Content, clip_problem, length_problem, mix_problem, text_problem
from shared.corpora.evaluable import NOTHING, Asked, check_evaluable
from shared.corpora.manifest import (
    SPLITS,
    Channels,
    Clip,
    CorpusError,
    Manifest,
    Rejected,
    Split,
    store_audio,
    write_manifest,
)
from shared.corpora.splits import assign_splits
from shared.progress import Progress

# Rejected files that one message lists before it only counts the rest; the manifest has them all.
MOST_LISTED = 20


class RecordedConfig(Strict):
    """What every corpus of recordings can be told.

    Args:
        content: what the texts are: transcripts of speech by speakers, or captions of sounds, which have none.
        sample_rate: Hz; whatever the recordings have is resampled to it.
        channels: 1, to which stereo is mixed down, or 2, for which mono is repeated.
        min_seconds, max_seconds: lengths outside are rejected, except by rounding or a codec's last frame (see
            `length_problem`); min_seconds is 0.3 for speech and 0.1 for sounds if it is not given.
        max_rejected: share of clips that may be rejected; one more stops the build. The default, a fifth,
            lets a small folder lose a few clips (3 of 20) with no more than a report, while a wrong column,
            a wrong folder or an unreadable format, which spoil most clips, still stop it.
        validation_share, test_share: of the usable clips, where the source has no splits of its own; one clip
            and two clips at least.
        held_out_speakers: speakers whose clips are all in `test`, where the source has no splits of its own.
        seed: of the splits and of the order of clips.
    """

    content: Content = "speech"
    sample_rate: int = Field(ge=8000, le=192000)
    channels: Channels = 1
    min_seconds: float | None = Field(default=None, ge=0)
    max_seconds: float = Field(default=30.0, gt=0)
    max_rejected: float = Field(default=0.2, ge=0, le=1)
    validation_share: float = Field(default=0.1, ge=0, lt=0.5)
    test_share: float = Field(default=0.15, ge=0, lt=0.5)
    held_out_speakers: int = Field(default=0, ge=0)
    seed: Seed = 0

    @model_validator(mode="after")
    def _ordered(self) -> "RecordedConfig":
        if self.least_seconds > self.max_seconds:
            raise ValueError("min_seconds: more than max_seconds")
        if self.content == "sound" and self.held_out_speakers:
            raise ValueError("held_out_speakers: sounds have no speakers")
        return self

    @property
    def least_seconds(self) -> float:
        """The shortest clip that is not rejected."""
        return DEMANDS[self.content].seconds if self.min_seconds is None else self.min_seconds


class Recording(NamedTuple):
    """A clip as its source has it: `name` is what the user knows it by, `audio` a path or a file's bytes.

    A sound's `speaker` is None. `cut`: where it is longer than `max_seconds`, only its beginning is taken.
    """

    name: str
    audio: Path | bytes
    text: str
    speaker: str | None
    split: Split | None = None
    cut: bool = False


class Stored(NamedTuple):
    """A usable clip, its audio already under `audio/`."""

    id: str
    recording: Recording
    fields: dict[str, str | float]


def build_recorded(
    source: str,
    recordings: Iterable[Recording | Rejected],
    total: int | None,
    config: RecordedConfig,
    output: Path,
    asked: Asked = NOTHING,
) -> Manifest:
    """Check and convert `recordings`, split them and write the manifest.

    Args:
        source: the folder or dataset, for messages.
        recordings: what to take in; a `Rejected` is one that its source already refused.
        total: how many there are, if known.
        config: what is wanted of them.
        output: where the manifest goes.
        asked: what will be asked of the corpus; see `shared.corpora.evaluable`.

    Raises:
        CorpusError: more than `max_rejected` of them are unusable, too few are left, or they can't be evaluated.
        RuntimeError: there are not `total` of them.
    """
    stored, rejected = _store_all(recordings, total, config, output.parent)
    if total not in (None, len(stored) + len(rejected)):
        raise RuntimeError(f"{source}: of {total} clips {len(stored)} are usable and {len(rejected)} are not")
    _report(source, len(stored), rejected, config.max_rejected)
    splits = _splits(source, stored, config)
    trained = {item.recording.speaker for item, split in zip(stored, splits, strict=True) if split == "train"}
    clips = [
        Clip(
            id=item.id,
            text=_text(item.recording),
            speaker=item.recording.speaker,
            split=splits[index],
            seen_speaker=item.recording.speaker in trained,
            **item.fields,
        )
        for index, item in enumerate(stored)
    ]
    check_evaluable(source, clips, asked)
    return write_manifest(output, config.sample_rate, _shuffled(clips, config.seed), rejected, config.channels)


def _store_all(
    recordings: Iterable[Recording | Rejected], total: int | None, config: RecordedConfig, folder: Path
) -> tuple[list[Stored], list[Rejected]]:
    stored: list[Stored] = []
    rejected: list[Rejected] = []
    progress = Progress("corpus", total, unit="clip") if total else None
    for index, recording in enumerate(recordings):
        result = recording if isinstance(recording, Rejected) else _store(index, recording, config, folder)
        if isinstance(result, Rejected):
            rejected.append(result)
        else:
            stored.append(result)
        if progress:
            progress.update()
    return stored, rejected


def _store(index: int, recording: Recording, config: RecordedConfig, folder: Path) -> Stored | Rejected:
    """Write one clip as PCM16 at the corpus's rate, or say why not."""
    try:
        # By its header first: a recording of hours must not be decoded to learn that it is too long.
        claimed = 0.0 if recording.cut else audio_seconds(_opened(recording))
        problem = text_problem(recording.text, config.content) or length_problem(claimed, 0, config.max_seconds)
        if problem is None:
            problem, audio = _converted(recording, config)
    except AudioError as error:
        problem = str(error)
    if problem is not None:
        return Rejected(file=recording.name, reason=problem)
    name = f"{index:06d}-{re.sub('[^A-Za-z0-9_-]+', '-', Path(recording.name).stem)[:40]}"
    return Stored(name, recording._replace(audio=b""), store_audio(folder, name, audio, config.sample_rate))


def _converted(recording: Recording, config: RecordedConfig) -> tuple[str | None, np.ndarray]:
    """Why a clip can't be used, or None, and its audio: (time,) or (2, time) at the corpus's rate."""
    source, rate = read_audio(_opened(recording), config.max_seconds if recording.cut else math.inf)
    audio = to_channels(source, rate, config.sample_rate, config.channels)
    problem = mix_problem(source, rate, config.content) if config.channels == 1 else None
    limits = config.least_seconds, config.max_seconds
    return problem or clip_problem(audio, config.sample_rate, recording.text, *limits, config.content), audio


def _opened(recording: Recording) -> Path | io.BytesIO:
    return io.BytesIO(recording.audio) if isinstance(recording.audio, bytes) else recording.audio


def _report(source: str, usable: int, rejected: list[Rejected], most: float) -> None:
    """Print what was rejected; stop if it is more than a share of `most`."""
    total = usable + len(rejected)
    if not total:
        raise CorpusError(f"{source}: no clips")
    if not rejected:
        return
    listed = [f"  {item.file}: {item.reason}" for item in rejected[:MOST_LISTED]]
    if len(rejected) > MOST_LISTED:
        listed.append(f"  and {len(rejected) - MOST_LISTED} more")
    summary = f"{source}: {len(rejected)} of {total} clips are unusable"
    if len(rejected) > most * total + 1e-9:  # a share such as 0.29 is not exact in binary
        advice = f"more than max_rejected allows ({most:g}); mend or remove them, or raise max_rejected"
        raise CorpusError("\n".join([f"{summary}, {advice}:", *listed]))
    print("\n".join([f"{summary} and left out:", *listed]), file=sys.stderr)


def _text(recording: Recording) -> str:
    """The text on one line, its words parted by single spaces."""
    return " ".join(recording.text.split())


def _splits(source: str, stored: list[Stored], config: RecordedConfig) -> list[Split]:
    """The source's own splits if it has them, else ours."""
    if own := [item.recording.split for item in stored if item.recording.split]:
        if missing := [split for split in SPLITS if split not in own]:
            raise CorpusError(f"{source}: no usable clip in split {' and '.join(missing)}")
        return own
    speakers = [item.recording.speaker for item in stored]
    texts = [_text(item.recording) for item in stored]
    shares = config.validation_share, config.test_share
    try:
        return assign_splits(speakers, *shares, config.held_out_speakers, config.seed, texts)
    except ValueError as error:
        raise CorpusError(f"{source}: {error}") from None


def _shuffled(clips: list[Clip], seed: int) -> list[Clip]:
    """Split after split, each in random order: sources are sorted by speaker, first clips are evaluated."""
    order = random.Random(f"order/{seed}").sample(clips, len(clips))
    return sorted(order, key=lambda clip: SPLITS.index(clip.split))
