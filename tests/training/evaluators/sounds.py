"""A made-up captioned corpus: one or two sounds, each of a pitch, a texture and a number of times."""

from pathlib import Path

import numpy as np

from shared.corpora.manifest import Clip, store_audio, write_manifest

RATE = 16_000
PITCHES = {"low": 200, "middle": 700, "high": 2400}
TEXTURES = ("beep", "buzz", "rising chirp", "falling chirp", "hiss")
TIMES = {"once": 1, "twice": 2, "three times": 3}


def sound(pitch: str, texture: str, times: str, seconds: float, generator: np.random.Generator) -> np.ndarray:
    """One sound, `(time,)`: bursts at `pitch`, a little detuned."""
    length = int(seconds * RATE / 3)
    time = np.arange(length) / RATE
    bend = {"rising chirp": 1.5, "falling chirp": -1.5}.get(texture, 0.0) * time / time[-1]
    phase = 2 * np.pi * np.cumsum(PITCHES[pitch] * generator.uniform(0.9, 1.1) * np.exp(bend)) / RATE
    if texture == "hiss":  # noise about the pitch: a tone whose phase wanders
        phase = phase + 0.25 * np.cumsum(generator.standard_normal(length))
    burst = np.sign(np.sin(phase)) if texture == "buzz" else np.sin(phase)
    burst = burst * np.hanning(length) * generator.uniform(0.1, 0.3)
    silence = np.zeros(length)
    return np.concatenate([burst if index < TIMES[times] else silence for index in range(3)])


def make_corpus(folder: Path, train: int, test: int, seconds: float = 3.0, seed: int = 0) -> Path:
    """Manifest of `train` and `test` clips of `seconds`; half of them hold two sounds, one after the other."""
    generator = np.random.default_rng(seed)
    clips = []
    for index in range(train + test):
        parts = [
            (str(generator.choice(list(PITCHES))), str(generator.choice(TEXTURES)), str(generator.choice(list(TIMES))))
            for _ in range(1 + index % 2)
        ]
        audio = np.concatenate([sound(*part, seconds / len(parts), generator) for part in parts])
        text = " then ".join(f"a {pitch} {texture} {times}" for pitch, texture, times in parts)
        stored = store_audio(folder, f"c{index}", (audio + 1e-3 * generator.standard_normal(len(audio))), RATE)
        split = "train" if index < train else "test"
        clips.append(Clip(id=f"c{index}", text=text, speaker="", split=split, seen_speaker=True, **stored))
    write_manifest(folder / "manifest.json", RATE, clips, [])
    return folder / "manifest.json"
