"""The made-up sound corpus: captioned scenes of sound events; one seed, always the same bytes."""

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from shared.config import Seed, Strict
from shared.corpora.manifest import Clip, Manifest, store_audio, write_manifest
from shared.corpora.scenes import LEAST_EVENT_SECONDS, MOST_EVENTS, ScenePlan, plan_scenes, render
from shared.progress import Progress


class SoundConfig(Strict):
    """Sound events with captions.

    Args:
        sample_rate: Hz.
        seconds: length of every clip.
        events: most events in a clip. One alone, two or three in sequence, and two or three at the same time are
            equally frequent.
        clips: clips in all, `validation` and `test` included.
        validation: clips in `validation`.
        test: clips in `test`: held-out prompts, for scenes of known classes that occur in no other split.
        seed: of the scenes, their captions and their sound.
    """

    kind: Literal["sound"]
    sample_rate: int = Field(ge=8000, le=192000)
    seconds: float = Field(default=3.0, gt=0, le=30)
    events: int = Field(default=MOST_EVENTS, ge=1, le=MOST_EVENTS)
    clips: int = Field(ge=1)
    validation: int = Field(ge=1)
    test: int = Field(ge=1)
    seed: Seed = 0

    @model_validator(mode="after")
    def _fits(self) -> "SoundConfig":
        if self.seconds < self.events * LEAST_EVENT_SECONDS:
            raise ValueError(f"seconds: each of {self.events} events needs {LEAST_EVENT_SECONDS:g} s")
        if self.plan().sizes()["train"] < (least := self.plan().least_train()):
            raise ValueError(f"clips: train needs {least}, to have each class alone, after validation and test")
        if self.validation + self.test > (spare := sum(self.plan().spare().values())):
            limit = f"at most {spare} combinations of events can be held out"
            raise ValueError(f"validation and test: {limit}; with more events in a clip there are more")
        return self

    def plan(self) -> ScenePlan:
        """The sizes that decide what happens in which clip."""
        return ScenePlan(self.events, self.clips, self.validation, self.test)


def build_sound(config: SoundConfig, output: Path) -> Manifest:
    """Make the corpus: audio under `audio/` beside `output`, the manifest last."""
    placed = plan_scenes(config.plan(), config.seed)
    progress = Progress("sound corpus", len(placed), unit="clip")
    clips = []
    for index, item in enumerate(placed):
        rng = np.random.default_rng([config.seed, index])
        audio = render(item.scene, rng, config.sample_rate, config.seconds)
        stored = store_audio(output.parent, item.id, audio, config.sample_rate)
        clips.append(Clip(id=item.id, text=item.text, speaker=None, split=item.split, seen_speaker=True, **stored))
        progress.update()
    return write_manifest(output, config.sample_rate, clips, rejected=[])
