import json

import numpy as np
import pytest

from shared.corpora.corpus import Corpus
from shared.corpora.manifest import (
    Clip,
    CorpusError,
    corpus_hash,
    load_manifest,
    store_audio,
    write_manifest,
)


def clip(folder, name: str, split: str = "train", seed: int = 0) -> Clip:
    audio = np.random.default_rng(seed).normal(0, 0.1, 800)
    stored = store_audio(folder, name, audio, 8000)
    return Clip(id=name, text="a b", speaker="s", split=split, seen_speaker=True, **stored)


def test_round_trip(tmp_path):
    clips = [clip(tmp_path, "a"), clip(tmp_path, "b", "test")]
    written = write_manifest(tmp_path / "manifest.json", 8000, clips, rejected=[])
    manifest = load_manifest(tmp_path / "manifest.json")
    assert manifest == written and manifest.split("test") == clips[1:] and manifest.split("validation") == []
    audio = Corpus(tmp_path / "manifest.json").audio(manifest.clips[0])
    assert audio.shape == (800,) and audio.dtype == np.float32
    assert manifest.clips[0].seconds == 0.1 and manifest.clips[0].file == "audio/a.wav"


def test_the_hash_is_of_content_not_of_place(tmp_path):
    here, there = clip(tmp_path / "here", "a"), clip(tmp_path / "there", "a")
    assert corpus_hash([here]) == corpus_hash([there])
    assert corpus_hash([here]) != corpus_hash([clip(tmp_path, "a", seed=1)])
    for change in ({"text": "c"}, {"speaker": "t"}, {"split": "test"}):
        assert corpus_hash([here]) != corpus_hash([here.model_copy(update=change)])


def test_loud_audio_is_scaled_not_clipped(tmp_path):
    stored = store_audio(tmp_path, "a", 3 * np.sin(np.arange(8000) / 10), 8000)
    manifest_clip = Clip(id="a", text="a", speaker="s", split="train", seen_speaker=True, **stored)
    write_manifest(tmp_path / "manifest.json", 8000, [manifest_clip], [])
    audio = Corpus(tmp_path / "manifest.json").audio(manifest_clip)
    assert np.abs(audio).max() == pytest.approx(0.99, abs=1e-3)


def test_a_stereo_clip_is_channels_by_time(tmp_path):
    audio = np.random.default_rng(0).normal(0, 0.1, (2, 800)).astype(np.float32)
    stored = store_audio(tmp_path, "a", audio, 8000)
    stereo = Clip(id="a", text="a", speaker=None, split="train", seen_speaker=True, **stored)
    path = tmp_path / "manifest.json"
    write_manifest(path, 8000, [stereo], [], channels=2)
    assert load_manifest(path).channels == 2 and stereo.seconds == 0.1
    assert Corpus(path).audio(stereo) == pytest.approx(audio, abs=1e-4)
    assert Corpus(path).mono(stereo) == pytest.approx(audio.mean(axis=0), abs=1e-4)


def test_a_manifest_from_before_stereo_is_of_one_channel(tmp_path):
    alone, path = clip(tmp_path, "a"), tmp_path / "manifest.json"
    write_manifest(path, 8000, [alone], [])
    written = json.loads(path.read_text())
    assert written.pop("channels") == 1
    path.write_text(json.dumps(written))
    assert load_manifest(path).channels == 1
    corpus = Corpus(path)
    np.testing.assert_array_equal(corpus.mono(alone), corpus.audio(alone))


def test_unknown_split(tmp_path):
    manifest = write_manifest(tmp_path / "manifest.json", 8000, [clip(tmp_path, "a")], [])
    with pytest.raises(ValueError, match="unknown split 'dev'"):
        manifest.split("dev")


@pytest.mark.parametrize(
    ("content", "message"), [(None, "no such manifest"), ("{", "JSON"), ("{}", "not a corpus")]
)
def test_missing_and_broken_manifests(tmp_path, content, message):
    path = tmp_path / "manifest.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CorpusError, match=message):
        load_manifest(path)


def test_a_lost_clip_is_named(tmp_path):
    lost = clip(tmp_path, "a")
    write_manifest(tmp_path / "manifest.json", 8000, [lost], [])
    (tmp_path / lost.file).unlink()
    with pytest.raises(CorpusError, match=r"a\.wav"):
        Corpus(tmp_path / "manifest.json").audio(lost)
