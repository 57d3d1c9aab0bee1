import numpy as np
import pytest

from shared.config import ConfigError
from shared.corpora.build import build_corpus
from shared.corpora.config import parse_corpus
from shared.corpora.corpus import Corpus
from shared.corpora.espeak import Voice
from shared.corpora.manifest import load_manifest
from shared.corpora.speech import speak

SPEC = {
    "kind": "speech",
    "sample_rate": 16000,
    "voices": 3,
    "held_out_voices": 1,
    "utterances": 24,
    "grammar": "tiny",
    "validation": 3,
    "test": 6,
    "seed": 0,
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("speech") / "manifest.json"
    build_corpus(parse_corpus(SPEC, "spec"), path)
    return path


def test_every_clip_is_mono_speech_at_the_rate(built):
    manifest = load_manifest(built)
    assert manifest.sample_rate == 16000 and len(manifest.clips) == 24 and not manifest.rejected
    for clip in manifest.clips:
        audio = Corpus(built).audio(clip)
        assert audio.dtype == np.float32 and audio.ndim == 1
        assert len(audio) / 16000 == clip.seconds and 0.4 < clip.seconds < 2
        assert 0.02 < audio.std() <= 0.071 and np.abs(audio).max() <= 0.99


def test_held_out_voices_are_not_seen_in_training(built):
    manifest = load_manifest(built)
    seen = {clip.speaker for clip in manifest.split("train")}
    assert len(seen) == 3
    assert all(clip.seen_speaker == (clip.speaker in seen) for clip in manifest.clips)
    assert sum(not clip.seen_speaker for clip in manifest.split("test")) == 3


def test_two_builds_are_byte_identical(built, tmp_path):
    build_corpus(parse_corpus(SPEC, "spec"), tmp_path / "manifest.json")
    assert (tmp_path / "manifest.json").read_bytes() == built.read_bytes()
    for clip in load_manifest(built).clips:
        assert (tmp_path / clip.file).read_bytes() == (built.parent / clip.file).read_bytes()


def test_several_workers_make_the_same_bytes(built, tmp_path):
    build_corpus(parse_corpus(SPEC, "spec"), tmp_path / "manifest.json", workers=2)
    assert (tmp_path / "manifest.json").read_bytes() == built.read_bytes()


def test_another_seed_is_another_corpus(built, tmp_path):
    other = build_corpus(parse_corpus({**SPEC, "seed": 1}, "spec"), tmp_path / "manifest.json")
    assert other.corpus_hash != load_manifest(built).corpus_hash


def test_an_interrupted_build_leaves_no_manifest_and_reruns_cleanly(built, tmp_path, monkeypatch):
    import shared.corpora.speech as speech

    spoken = []

    def interrupted(text, voice):
        if len(spoken) == 10:
            raise KeyboardInterrupt
        spoken.append(text)
        return original(text, voice)

    original = speech.synthesise
    monkeypatch.setattr(speech, "synthesise", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build_corpus(parse_corpus(SPEC, "spec"), tmp_path / "manifest.json")
    assert not (tmp_path / "manifest.json").exists()
    monkeypatch.setattr(speech, "synthesise", original)
    build_corpus(parse_corpus(SPEC, "spec"), tmp_path / "manifest.json")
    assert (tmp_path / "manifest.json").read_bytes() == built.read_bytes()
    assert not list(tmp_path.rglob("*.tmp*"))


def test_silence_around_the_speech_is_50_ms():
    audio = speak("box", Voice("en-us", "m3", 200), 16000)
    heard = np.flatnonzero(np.abs(audio) > 0.01)
    assert 0.04 < heard[0] / 16000 < 0.09
    assert 0.04 < (len(audio) - heard[-1]) / 16000 < 0.12


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"voices": 1000}, "voices and held_out_voices: at most"),
        ({"held_out_voices": 3}, "test: two clips for each held-out voice"),
        ({"utterances": 10}, "utterances: each voice needs a clip in train"),
        ({"utterances": 2000}, "too few sentences for train"),
        ({"grammar": "poem"}, "grammar"),
        ({"sample_rate": -1}, "sample_rate"),
        ({"vioces": 3}, "vioces: unknown key"),
    ],
)
def test_wrong_settings_are_one_line(change, message):
    with pytest.raises(ConfigError, match=message) as error:
        parse_corpus({**SPEC, **change}, "spec.json")
    assert "\n" not in str(error.value) and str(error.value).startswith("spec.json: ")


def test_unknown_kind():
    with pytest.raises(ConfigError, match="music"):
        parse_corpus({"kind": "music"}, "spec.json")
