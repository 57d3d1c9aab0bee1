"""The made-up speech corpus: sentences of a grammar in espeak-ng voices; one seed, always the same bytes."""

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from shared.audio.io import resample
from shared.config import Seed, Strict
from shared.corpora.espeak import Voice, synthesise
from shared.corpora.levels import normalise_level, trim_silence
from shared.corpora.manifest import Clip, Manifest, store_audio, write_manifest
from shared.corpora.plan import Plan, Utterance, plan_utterances
from shared.corpora.voices import MOST_VOICES, draw_voices, speaker_name
from shared.progress import Progress


class SpeechConfig(Strict):
    """Speech made with espeak-ng.

    Args:
        sample_rate: Hz.
        voices: voices in `train` and `validation`; they share `test` with the held-out ones.
        held_out_voices: voices that occur in `test` only, in about half of its clips.
        utterances: clips in all, `validation` and `test` included.
        grammar: what is said. Sentences are unique where the grammar has enough of them, and no sentence of
            one split occurs in another.
        validation: clips in `validation`.
        test: clips in `test`; its voices have two each at least, so that each can be prompted.
        seed: of voices and sentences.
    """

    kind: Literal["speech"]
    sample_rate: int = Field(ge=8000, le=192000)
    voices: int = Field(ge=1)
    held_out_voices: int = Field(ge=0)
    utterances: int = Field(ge=1)
    grammar: Literal["tiny", "command", "large"]
    validation: int = Field(ge=1)
    test: int = Field(ge=2)
    seed: Seed = 0

    @model_validator(mode="after")
    def _fits(self) -> "SpeechConfig":
        if self.voices + self.held_out_voices > MOST_VOICES:
            raise ValueError(f"voices and held_out_voices: at most {MOST_VOICES} together")
        if self.test // 2 < 2 * self.held_out_voices:
            raise ValueError("test: two clips for each held-out voice, and as many for others, are needed")
        if self.utterances - self.validation - self.test < self.voices:
            raise ValueError("utterances: each voice needs a clip in train, after validation and test")
        if short := self.plan().missing_sentences():
            raise ValueError(f"utterances: grammar {self.grammar!r} has too few sentences for {short}")
        return self

    def plan(self) -> Plan:
        """The sizes that decide who says what."""
        return Plan(
            self.grammar, self.voices, self.held_out_voices, self.utterances, self.validation, self.test
        )


def build_speech(config: SpeechConfig, output: Path, workers: int = 1) -> Manifest:
    """Make the corpus: audio under `audio/` beside `output`, the manifest last; the same bytes however many work."""
    from joblib import Parallel, delayed  # here, so that planning does not wait for it

    voices = draw_voices(config.voices + config.held_out_voices, config.seed)
    utterances = plan_utterances(config.plan(), config.seed)
    progress = Progress("speech corpus", len(utterances), unit="clip")
    clips = []
    make = delayed(_make_clip)
    jobs = (make(item, voices[item.voice], item.voice < config.voices, config, output.parent) for item in utterances)
    for clip in Parallel(workers, return_as="generator")(jobs):
        clips.append(clip)
        progress.update()
    return write_manifest(output, config.sample_rate, clips, rejected=[])


def _make_clip(item: Utterance, voice: Voice, seen: bool, config: SpeechConfig, folder: Path) -> Clip:
    stored = store_audio(folder, item.id, speak(item.text, voice, config.sample_rate), config.sample_rate)
    return Clip(
        id=item.id, text=item.text, speaker=speaker_name(voice), split=item.split, seen_speaker=seen, **stored
    )


def speak(text: str, voice: Voice, rate: int) -> np.ndarray:
    """Float32 (time,) at `rate` Hz: 50 ms of silence around the speech, at the corpus's common level."""
    levels, source_rate = synthesise(text, voice)
    audio = resample(levels.astype(np.float32) / 32768, source_rate, rate)
    return normalise_level(trim_silence(audio, rate))
