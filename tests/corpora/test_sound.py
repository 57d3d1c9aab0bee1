import numpy as np
import pytest

from shared.config import ConfigError
from shared.corpora.build import build_corpus
from shared.corpora.config import parse_corpus
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import load_manifest
from shared.corpora.test_items import test_items as items_of
from shared.corpora.test_items import unpromptable

SPEC = {"kind": "sound", "sample_rate": 8000, "seconds": 1.2, "events": 2}
SPEC |= {"clips": 90, "validation": 6, "test": 12, "seed": 0}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "manifest.json"
    build_corpus(parse_corpus(SPEC, "spec"), path)
    return path


def test_every_clip_is_a_captioned_sound_of_the_length_asked_for(built):
    manifest = load_manifest(built)
    assert manifest.sample_rate == 8000 and len(manifest.clips) == 90 and not manifest.rejected
    for clip in manifest.clips:
        audio = Corpus(built).audio(clip)
        assert len(audio) == 9600 and clip.seconds == 1.2 and 0.002 < audio.std() < 0.2 and np.abs(audio).max() < 1
        assert clip.text and clip.speaker is None and clip.seen_speaker


def test_two_builds_are_byte_identical(built, tmp_path):
    build_corpus(parse_corpus(SPEC, "spec"), tmp_path / "manifest.json")
    assert (tmp_path / "manifest.json").read_bytes() == built.read_bytes()
    for clip in load_manifest(built).clips:
        assert (tmp_path / clip.file).read_bytes() == (built.parent / clip.file).read_bytes()


def test_another_seed_is_another_corpus(built, tmp_path):
    other = build_corpus(parse_corpus({**SPEC, "seed": 1}, "spec"), tmp_path / "manifest.json")
    assert {clip.sha256 for clip in other.clips}.isdisjoint(clip.sha256 for clip in load_manifest(built).clips)


def test_the_held_out_prompts_are_the_test_captions_and_nothing_prompts_them(built):
    manifest = load_manifest(built)
    items = items_of(manifest, 100, seed=0)
    assert [item.target for item in items] == manifest.split("test") and unpromptable(manifest) == []
    assert all(item.prompt is None for item in items)
    assert items_of(manifest, 5, seed=1) == items[:5]
    known = {clip.text for clip in manifest.clips if clip.split != "test"}
    assert known.isdisjoint(item.target.text for item in items)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seconds": 1.0}, r"seconds: each of 2 events needs 0\.6 s"),
        ({"clips": 89}, "clips: train needs 72, to have each class alone"),
        ({"events": 1, "clips": 500, "test": 43}, "validation and test: at most 48 combinations of events"),
        ({"events": 4}, "events"),
        ({"test": 0}, "test"),
        ({"sample_rate": 4000}, "sample_rate"),
        ({"voices": 3}, "voices: unknown key"),
    ],
)
def test_wrong_settings_are_one_line(change, message):
    with pytest.raises(ConfigError, match=message) as error:
        parse_corpus({**SPEC, **change}, "spec.json")
    assert "\n" not in str(error.value) and str(error.value).startswith("spec.json: ")
