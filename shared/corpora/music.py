"""The made-up music corpus: General MIDI pieces with captions and their notes; one seed, always the same bytes."""

import random
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from shared.config import Seed, Strict
from shared.corpora.checks import audio_problem
from shared.corpora.composition import compose
from shared.corpora.levels import normalise_level
from shared.corpora.manifest import Channels, Clip, CorpusError, Manifest, store_audio, write_manifest
from shared.corpora.music_captions import caption
from shared.corpora.pieces import Piece, write_pieces
from shared.corpora.sound_font import SoundFont
from shared.corpora.styles import MOST_PARTS, StylePlan, plan_styles
from shared.progress import Progress


class MusicConfig(Strict):
    """Music with captions. The notes of each clip are kept beside the audio (see `pieces`): chroma follows from them.

    One core makes about 25 clips of 4 s a second, if it need not wait for the disk.

    Args:
        sample_rate: Hz.
        channels: 2, or 1 for the mean of both.
        seconds: length of every clip; the slowest pieces have a beat a second.
        parts: most instruments with pitch: a solo; a melody and its backing; a bass, too. Each is as frequent as the
            others, and half of the pieces have drums.
        clips: clips in all, `validation` and `test` included.
        validation: clips in `validation`.
        test: clips in `test`: held-out prompts, for styles (players, tempo, key) that occur in no other split.
        seed: of the styles, their captions and the notes.
    """

    kind: Literal["music"]
    sample_rate: int = Field(ge=8000, le=192000)
    channels: Channels
    seconds: float = Field(default=4.0, ge=1, le=60)
    parts: int = Field(default=MOST_PARTS, ge=1, le=MOST_PARTS)
    clips: int = Field(ge=1)
    validation: int = Field(ge=1)
    test: int = Field(ge=1)
    seed: Seed = 0

    @model_validator(mode="after")
    def _fits(self) -> "MusicConfig":
        if self.plan().sizes()["train"] < (least := self.plan().least_train()):
            raise ValueError(f"clips: train needs {least}, to have each instrument alone, after validation and test")
        if self.validation + self.test > (spare := sum(self.plan().spare().values())):
            raise ValueError(f"validation and test: at most {spare} styles can be held out")
        return self

    def plan(self) -> StylePlan:
        """The sizes that decide which style each clip has."""
        return StylePlan(self.parts, self.clips, self.validation, self.test)


def build_music(config: MusicConfig, output: Path) -> Manifest:
    """Make the corpus: audio under `audio/` and `notes.jsonl` beside `output`, the manifest last.

    Raises:
        SoundFontError: the sound font or its player is not installed.
        CorpusError: a clip is silent.
    """
    planned = plan_styles(config.plan(), config.seed)
    font, progress = SoundFont(), Progress("music corpus", len(planned), unit="clip")
    clips, pieces = [], {}
    for index, item in enumerate(planned):
        rng = random.Random(f"music/{config.seed}/{index}")
        text, piece = caption(item.style, rng), compose(item.style, config.seconds, rng)
        audio = perform(piece, font, config.sample_rate, config.channels)
        if problem := audio_problem(audio, config.sample_rate, "sound"):
            raise CorpusError(f"{item.id}: {text}: {problem}; the sound font lacks an instrument")
        pieces[item.id] = piece
        stored = store_audio(output.parent, item.id, audio, config.sample_rate)
        clips.append(Clip(id=item.id, text=text, speaker=None, split=item.split, seen_speaker=True, **stored))
        progress.update()
    write_pieces(output, pieces)
    return write_manifest(output, config.sample_rate, clips, rejected=[], channels=config.channels)


def perform(piece: Piece, font: SoundFont, rate: int, channels: Channels) -> np.ndarray:
    """A piece at the corpus's common level: float32 (2, time), or (time,) for one channel, at `rate` Hz."""
    audio = font.render(piece, rate)
    return normalise_level(audio if channels == 2 else audio.mean(axis=0))
