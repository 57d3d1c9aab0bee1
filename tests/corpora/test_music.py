import numpy as np
import pytest

from shared.config import ConfigError
from shared.corpora.build import build_corpus
from shared.corpora.config import parse_corpus
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import load_manifest
from shared.corpora.music import perform
from shared.corpora.pieces import load_pieces
from shared.corpora.sound_font import SoundFont
from shared.corpora.styles import plan_styles
from shared.corpora.test_items import test_items as items_of
from shared.corpora.test_items import unpromptable

SPEC = {"kind": "music", "sample_rate": 16000, "channels": 2, "seconds": 1.0, "parts": 1}
SPEC |= {"clips": 44, "validation": 2, "test": 6, "seed": 0}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("music") / "manifest.json"
    build_corpus(parse_corpus(SPEC, "spec"), path)
    return path


def test_every_clip_is_captioned_stereo_of_the_length_and_level_asked_for(built):
    manifest = load_manifest(built)
    assert manifest.sample_rate == 16000 and manifest.channels == 2 and not manifest.rejected
    assert {split: len(manifest.split(split)) for split in ("train", "validation", "test")} == {
        "train": 36, "validation": 2, "test": 6
    }  # fmt: skip
    for clip in manifest.clips:
        audio = Corpus(built).audio(clip)
        assert audio.shape == (2, 16000) and clip.seconds == 1.0 and audio.dtype == np.float32
        level = np.sqrt((audio.astype(np.float64) ** 2).mean())
        assert np.abs(audio).max() < 1 and (level == pytest.approx(0.07, abs=1e-3) or np.abs(audio).max() > 0.98)
        assert clip.text and clip.speaker is None and clip.seen_speaker


def test_two_builds_are_byte_identical(built, tmp_path):
    build_corpus(parse_corpus(SPEC, "spec"), tmp_path / "manifest.json")
    for name in ("manifest.json", "notes.jsonl"):
        assert (tmp_path / name).read_bytes() == built.with_name(name).read_bytes()
    for clip in load_manifest(built).clips:
        assert (tmp_path / clip.file).read_bytes() == (built.parent / clip.file).read_bytes()


def test_another_seed_is_another_corpus():
    one, other = (parse_corpus(SPEC | {"seed": seed}, "spec") for seed in (0, 1))
    assert plan_styles(one.plan(), one.seed) != plan_styles(other.plan(), other.seed)


def test_the_notes_that_are_kept_are_those_that_are_heard(built):
    manifest, pieces, font = load_manifest(built), load_pieces(built), SoundFont()
    assert set(pieces) == {clip.id for clip in manifest.clips}
    for clip in manifest.clips[:5]:
        kept = perform(pieces[clip.id], font, 16000, 2)
        assert np.abs(kept - Corpus(built).audio(clip)).max() <= 0.51 / 32768
        assert pieces[clip.id].parts[0].name in clip.text


def test_one_channel_is_the_mean_of_both_at_the_same_level(built):
    piece, font = load_pieces(built)["test-00000"], SoundFont()
    mono, stereo = perform(piece, font, 16000, 1), perform(piece, font, 16000, 2)
    assert mono.shape == (16000,)
    assert np.corrcoef(mono, stereo.mean(axis=0))[0, 1] == pytest.approx(1, abs=1e-6)


def test_the_held_out_prompts_are_the_test_captions_and_nothing_prompts_them(built):
    manifest = load_manifest(built)
    items = items_of(manifest, 100, seed=0)
    assert [item.target for item in items] == manifest.split("test") and unpromptable(manifest) == []
    assert all(item.prompt is None for item in items)
    known = {clip.text for clip in manifest.clips if clip.split != "test"}
    assert known.isdisjoint(item.target.text for item in items)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clips": 43}, "clips: train needs 36, to have each instrument alone"),
        ({"clips": 3000, "test": 1295}, "validation and test: at most 1296 styles can be held out"),
        ({"parts": 4}, "parts"),
        ({"seconds": 0.5}, "seconds"),
        ({"channels": 3}, "channels"),
        ({"channels": None}, "channels"),
        ({"sample_rate": 4000}, "sample_rate"),
        ({"instruments": 3}, "instruments: unknown key"),
    ],
)
def test_wrong_settings_are_one_line(change, message):
    with pytest.raises(ConfigError, match=message) as error:
        parse_corpus({**SPEC, **change}, "spec.json")
    assert "\n" not in str(error.value) and str(error.value).startswith("spec.json: ")
