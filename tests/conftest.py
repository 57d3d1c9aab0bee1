"""Set-up of all tests: one thread, since tiny tensors on several threads run many times slower; and a corpus."""

import os

# NumPy's, of these tests and of what they start. Its library reads it when it is imported. Threads of tests side by
# side wait for each other in loops, which made tests of statistics take four times the seconds.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from shared.corpora.manifest import Clip, store_audio, write_manifest

torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files with many slow tests first, so that no worker is left with one when the others are done."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


RATE = 16_000
TONES = {"a": 500, "b": 1100, "c": 2300}


def say(text: str, pitch: float, generator: np.random.Generator) -> np.ndarray:
    """A language of tones: each letter 120 ms of its frequency times the speaker's pitch, spaces are silent."""
    time = np.arange(int(0.12 * RATE)) / RATE
    tones = [0.3 * np.sin(2 * np.pi * TONES.get(letter, 0) * pitch * time) for letter in text]
    audio = np.concatenate(tones)
    return (audio + 0.003 * generator.standard_normal(len(audio))).astype(np.float32)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Path:
    """The manifest of 24 training clips by two speakers and 12 test clips by three: enough to train evaluators on."""
    folder = tmp_path_factory.mktemp("corpus")
    generator = np.random.default_rng(0)
    speakers = {"low": 0.8, "high": 1.25, "new": 1.0}
    clips = []
    for index in range(36):
        training = index < 24
        speaker = ("low", "high", "new")[index % (2 if training else 3)]
        text = " ".join("".join(generator.choice(list(TONES), 2)) for _ in range(2))
        stored = store_audio(folder, f"c{index}", say(text, speakers[speaker], generator), RATE)
        split = "train" if training else "test"
        clips.append(
            Clip(id=f"c{index}", text=text, speaker=speaker, split=split, seen_speaker=speaker != "new", **stored)
        )
    write_manifest(folder / "manifest.json", RATE, clips, [])
    return folder / "manifest.json"
