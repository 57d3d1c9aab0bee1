"""Job: keep a few clips of a study for people to hear: what was recorded, its reconstructions and what was generated.

Which clips is settled by their place among those that are evaluated, never by how they sound or score: the first and
the middle one, of each variant's first training seed. They are kept as MP3, which every browser plays, small enough
for Git; the wavs that were scored stay under runs/.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import soundfile

from shared.audio.io import resample
from shared.config import ConfigError, Strict, parse
from shared.corpora.corpus import Corpus
from shared.files import atomic_path, read_json, write_text
from shared.job import run_job
from shared.record.table import read_models, to_csv
from shared.sampling.clips import load_audio, load_clips
from shared.statistics.scores import GROUND_TRUTH
from shared.statistics.study import ClipsSpec
from shared.user_files import Below, file_name

LIST = "clips.csv"
SIDES = ("reconstruction", "generation")
LONGEST = 8.0  # seconds of a clip that are kept
MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
QUALITY = 0.5  # of LAME's variable rates, 0 is the best and 1 the smallest: about 30 kbit/s at 16 kHz


class KeptClip(Strict):
    """One clip that can be heard.

    Attributes:
        file: the MP3, relative to the list.
        variant, label: whose it is; `ground_truth` is the recording.
        side, seed: None of ground truth.
        id: of the test clip in the corpus.
        text: what it should say or, of a sound, be.
        prefix_seconds: of the recording, with which it begins: given, not generated.
        seconds: of the whole clip, of which `LONGEST` are kept at most.
    """

    FROM_TEXT: ClassVar[bool] = True

    file: Below
    variant: str
    label: str
    side: Literal["reconstruction", "generation"] | None
    seed: int | None
    id: str
    text: str
    prefix_seconds: float | None
    seconds: float


def chosen(ids: list[str]) -> list[str]:
    """The first and the middle of the evaluated clips' ids."""
    return list(dict.fromkeys([ids[0], ids[len(ids) // 2]])) if ids else []


def keep_clips(spec: ClipsSpec, folder: Path) -> list[KeptClip]:
    """Write the chosen clips under `folder`; ground truth first, then variants in the study's order.

    Args:
        spec: whose clips.
        folder: where the audio goes.

    Raises:
        ConfigError: a variant lacks a clip that another one has, or a file is gone or damaged.
    """
    ids = chosen([clip.id for clip in load_clips(_first_set(spec)).clips])
    folder.mkdir(parents=True, exist_ok=True)
    kept = []
    for clip, audio, rate in [*_recorded(spec, ids), *_made(spec, ids)]:
        write_mp3(folder / clip.file, audio, rate)
        kept.append(clip)
    return kept


def _first_set(spec: ClipsSpec) -> Path:
    return next(iter(spec.variants[0].clips.values()))


def _recorded(spec: ClipsSpec, ids: list[str]) -> Iterator[tuple[KeptClip, np.ndarray, int]]:
    """The recordings of the chosen clips, from the corpus."""
    corpus = Corpus(spec.corpus)
    clips = {clip.id: clip for clip in corpus.manifest.clips}
    for name in ids:
        clip = _find(clips, name, corpus.path)
        kept = KeptClip(
            file=_file(GROUND_TRUTH, name), variant=GROUND_TRUTH, label="ground truth", side=None, seed=None, id=name,
            text=clip.text, prefix_seconds=None, seconds=clip.seconds,
        )  # fmt: skip
        yield kept, corpus.audio(clip), corpus.sample_rate


def _made(spec: ClipsSpec, ids: list[str]) -> Iterator[tuple[KeptClip, np.ndarray, int]]:
    """What each variant makes of them."""
    for variant in spec.variants:
        for side in SIDES:
            if side not in variant.clips:
                continue
            path = variant.clips[side]
            made = load_clips(path)
            clips = {clip.id: clip for clip in made.clips}
            for name in ids:
                clip = _find(clips, name, path)
                audio = load_audio(path, made, clip)
                kept = KeptClip(
                    file=_file(f"{variant.name}_s{spec.seed}_{side}", name), variant=variant.name,
                    label=variant.label, side=side, seed=spec.seed, id=name, text=clip.text,
                    prefix_seconds=clip.prefix_seconds, seconds=audio.shape[-1] / made.sample_rate,
                )  # fmt: skip
                yield kept, audio, made.sample_rate


def _find(clips: dict[str, Any], name: str, path: Path) -> Any:
    if name not in clips:
        raise ConfigError(f"{path}: no clip {name!r}, which another variant has; delete its folder and run again")
    return clips[name]


def _file(whose: str, name: str) -> str:
    return file_name(f"{whose}_{name}.mp3")


def write_mp3(path: Path, audio: np.ndarray, rate: int) -> None:
    """Write the first `LONGEST` seconds of `(time,)` or `(2, time)`, at `rate` Hz or the next rate that MP3 has.

    Equal audio gives equal bytes.
    """
    stored = next((each for each in MP3_RATES if each >= rate), MP3_RATES[-1])
    audio = resample(np.ascontiguousarray(audio[..., : int(LONGEST * rate)].T), rate, stored)
    with (
        atomic_path(path) as temporary,
        soundfile.SoundFile(
            temporary, "w", stored, 1 if audio.ndim == 1 else 2, "MPEG_LAYER_III", format="MP3",
            compression_level=QUALITY, bitrate_mode="VARIABLE",
        ) as file,
    ):  # fmt: skip
        file.write(np.clip(audio, -1, 1))


def read_kept(path: Path) -> list[KeptClip]:
    """Read the list back.

    Raises:
        ConfigError: see `read_models`.
    """
    return read_models(path, KeptClip, texts=("text",))


def main() -> None:
    """Command line of the job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON: the corpus, and by variant where its clips are")
    parser.add_argument("--list", required=True, type=Path, help="CSV to write; the audio goes beside it")
    arguments = parser.parse_args()
    spec = parse(ClipsSpec, read_json(arguments.spec), arguments.spec)
    kept = keep_clips(spec, arguments.list.parent)
    write_text(arguments.list, to_csv(kept, KeptClip))


if __name__ == "__main__":
    run_job(main)
