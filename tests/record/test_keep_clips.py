"""Clips that are kept to be heard: which ones, whose, how large, and the same bytes each time."""

import json

import numpy as np
import pytest
import soundfile

from shared.audio.io import read_audio
from shared.config import ConfigError
from shared.corpora.manifest import Clip, store_audio, write_manifest
from shared.plan.clips_spec import clips_inputs, clips_spec
from shared.plan.plan import Plan
from shared.record.keep_clips import LONGEST, KeptClip, chosen, keep_clips, read_kept, write_mp3
from shared.record.table import to_csv
from shared.sampling.clips import GeneratedClip, write_clips
from shared.statistics.study import ClipsSpec
from tests.sources import SOURCES

RATE = 16000
IDS = ["v/a", "v/b", "v/c", "v/d"]


def _tone(hertz: float, seconds: float = 2.0, rate: int = RATE) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def _pitch(path) -> float:
    """The loudest frequency of a file, Hz."""
    audio, rate = read_audio(path)
    spectrum = np.abs(np.fft.rfft(audio[:, 0]))
    return float(spectrum.argmax() * rate / len(audio))


@pytest.fixture
def spec(tmp_path):
    """A corpus of tones at 200 Hz, reconstructed at 300 and generated at 400; `b` only reconstructs."""
    clips = []
    for name in IDS:
        stored = store_audio(tmp_path / "corpus", name.replace("/", "_"), _tone(200), RATE)
        clips.append(Clip(id=name, text=f"say {name}", speaker="v", split="test", seen_speaker=True, **stored))
    write_manifest(tmp_path / "corpus/manifest.json", RATE, clips, [])
    for folder, hertz, prefix in (("reconstruction", 300, None), ("generation", 400, 0.5)):
        made = [
            (GeneratedClip(id=name, file=f"{name}.wav", text=f"say {name}", reference=None, prompt=None, speaker="v",
                           prefix_seconds=prefix), _tone(hertz))
            for name in IDS
        ]  # fmt: skip
        write_clips(tmp_path / folder / "clips.json", RATE, made)
    both = {side: str(tmp_path / side / "clips.json") for side in ("reconstruction", "generation")}
    variants = [
        {"name": "a", "label": "A, 8 Hz", "clips": both},
        {"name": "b", "label": "B", "clips": {"reconstruction": both["reconstruction"]}},
    ]
    return ClipsSpec(corpus=tmp_path / "corpus/manifest.json", seed=3, variants=variants)


def test_the_first_and_the_middle_clip_are_chosen():
    assert chosen(IDS) == ["v/a", "v/c"]
    assert chosen(["x"]) == ["x"]
    assert chosen([]) == []


def test_each_variant_keeps_the_same_clips_of_each_side_with_what_they_are(spec, tmp_path):
    kept = keep_clips(spec, tmp_path / "out")
    assert [(clip.variant, clip.side, clip.id) for clip in kept] == [
        ("ground_truth", None, "v/a"), ("ground_truth", None, "v/c"),
        ("a", "reconstruction", "v/a"), ("a", "reconstruction", "v/c"),
        ("a", "generation", "v/a"), ("a", "generation", "v/c"),
        ("b", "reconstruction", "v/a"), ("b", "reconstruction", "v/c"),
    ]  # fmt: skip
    assert {clip.text for clip in kept} == {"say v/a", "say v/c"}
    generated = kept[4]
    assert (generated.label, generated.seed, generated.prefix_seconds, generated.seconds) == ("A, 8 Hz", 3, 0.5, 2.0)
    expected = {None: 200, "reconstruction": 300, "generation": 400}
    for clip in kept:
        assert _pitch(tmp_path / "out" / clip.file) == pytest.approx(expected[clip.side], abs=2)
    # The list says so again.
    (tmp_path / "out/clips.csv").write_text(to_csv(kept, KeptClip))
    assert read_kept(tmp_path / "out/clips.csv") == kept


def test_a_variant_that_lacks_a_clip_is_named(spec, tmp_path):
    path = tmp_path / "generation/clips.json"
    made = json.loads(path.read_text())
    made["clips"] = [clip for clip in made["clips"] if clip["id"] != "v/c"]
    path.write_text(json.dumps(made))
    with pytest.raises(ConfigError, match=r"generation/clips.json: no clip 'v/c'"):
        keep_clips(spec, tmp_path / "out")


def test_a_file_is_small_and_cut_and_the_same_each_time(tmp_path):
    noise = 0.1 * np.random.default_rng(0).standard_normal(12 * RATE).astype(np.float32)
    for name in ("one.mp3", "two.mp3"):
        write_mp3(tmp_path / name, noise, RATE)
    assert (tmp_path / "one.mp3").read_bytes() == (tmp_path / "two.mp3").read_bytes()
    # Noise is what codes worst.
    assert (tmp_path / "one.mp3").stat().st_size < 60_000
    assert soundfile.info(tmp_path / "one.mp3").duration == pytest.approx(LONGEST, abs=0.1)


@pytest.mark.parametrize(("rate", "stored"), [(16000, 16000), (20000, 22050), (96000, 48000)])
def test_a_rate_that_mp3_lacks_becomes_the_next_one(tmp_path, rate, stored):
    write_mp3(tmp_path / "tone.mp3", _tone(440, rate=rate), rate)
    assert soundfile.info(tmp_path / "tone.mp3").samplerate == stored
    assert _pitch(tmp_path / "tone.mp3") == pytest.approx(440, abs=2)


@pytest.mark.parametrize(("rate", "stored"), [(16000, 16000), (20000, 22050)])
def test_stereo_stays_stereo_left_first(tmp_path, rate, stored):
    write_mp3(tmp_path / "tones.mp3", np.stack([_tone(300, rate=rate), _tone(1200, rate=rate)]), rate)
    audio, found = read_audio(tmp_path / "tones.mp3")
    assert audio.shape[1] == 2 and found == stored
    for channel, hertz in zip(audio.T, (300, 1200), strict=True):
        loudest = np.abs(np.fft.rfft(channel)).argmax() * found / len(channel)
        assert loudest == pytest.approx(hertz, abs=2)


KINDS = {"reconstruction": "reconstructions", "generation": "samples"}


def test_the_spec_names_the_clips_that_are_scored_of_the_first_seed():
    plan = Plan(SOURCES, "cpu")
    for source, study in plan.points:
        spec = clips_spec(plan, source, study)
        assert [variant.name for variant in spec.variants] == plan.sources[source].study(study).variants
        assert spec.seed == plan.seeds_of(source, study)[0]
        for variant in spec.variants:
            assert variant.clips.keys() == set(plan.sides(source, study))
            assert all(f"/{KINDS[side]}/seed{spec.seed}-" in str(path) for side, path in variant.clips.items())
        inputs = clips_inputs(plan, source, study)
        assert inputs["corpus"].endswith("manifest.json")
        assert set(inputs["clips"]) == {str(path) for each in spec.variants for path in each.clips.values()}
