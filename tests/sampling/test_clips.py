"""Clip sets on disk."""

import json

import numpy as np
import pytest
import soundfile

from shared.config import ConfigError
from shared.sampling.clips import GeneratedClip, clip_file, load_audio, load_clips, write_clips


def make(identity: str) -> GeneratedClip:
    return GeneratedClip(id=identity, file=clip_file(identity), text="go", reference=None, prompt="p", speaker="s")


def test_round_trip(tmp_path):
    audio = np.linspace(-0.5, 0.5, 1600, dtype=np.float32)
    written = write_clips(tmp_path / "clips.json", 16_000, [(make("a/1"), audio)])
    read = load_clips(tmp_path / "clips.json")
    assert read == written
    back = load_audio(tmp_path / "clips.json", read, read.clips[0])
    np.testing.assert_allclose(back, audio, atol=1 / 32768)


def test_a_stereo_round_trip_keeps_left_and_right(tmp_path):
    audio = np.stack([np.linspace(-0.5, 0.5, 1600), np.full(1600, 0.25)]).astype(np.float32)
    written = write_clips(tmp_path / "clips.json", 16_000, [(make("a"), audio), (make("b"), audio[::-1])])
    read = load_clips(tmp_path / "clips.json")
    assert read == written and read.channels == 2
    for clip, expected in zip(read.clips, (audio, audio[::-1]), strict=True):
        np.testing.assert_allclose(load_audio(tmp_path / "clips.json", read, clip), expected, atol=1 / 32768)


def test_a_set_from_before_stereo_is_mono(tmp_path):
    path = tmp_path / "clips.json"
    assert write_clips(path, 16_000, [(make("a"), np.zeros(9))]).channels == 1
    written = json.loads(path.read_text())
    assert written.pop("channels") == 1
    path.write_text(json.dumps(written))
    assert load_clips(path).channels == 1


def test_mono_and_stereo_in_one_set_are_an_error(tmp_path):
    with pytest.raises(ValueError, match="some clips are mono and some stereo"):
        write_clips(tmp_path / "clips.json", 16_000, [(make("a"), np.zeros(9)), (make("b"), np.zeros((2, 9)))])


def test_a_mono_wav_in_a_stereo_set_is_named(tmp_path):
    path = tmp_path / "clips.json"
    clips = write_clips(path, 16_000, [(make("a"), np.zeros((2, 1600)))])
    soundfile.write(tmp_path / "clips" / "a.wav", np.zeros(1600), 16_000)
    with pytest.raises(ConfigError, match=r"a\.wav: is not the clip that was written"):
        load_audio(path, clips, clips.clips[0])
    unhashed = clips.clips[0].model_copy(update={"sha256": ""})
    with pytest.raises(ConfigError, match=r"a\.wav: expected stereo at 16000 Hz, got 1 channels"):
        load_audio(path, clips, unhashed)


def test_equal_clips_give_equal_bytes(tmp_path):
    audio = np.random.default_rng(0).standard_normal(1600).astype(np.float32)
    for name in ("one", "two"):
        write_clips(tmp_path / name / "clips.json", 16_000, [(make("a"), audio)])
    for file in ("clips.json", "clips/a.wav"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_not_finite_audio_stops_and_leaves_no_set(tmp_path):
    with pytest.raises(ValueError, match="clip a: samples that are not finite"):
        write_clips(tmp_path / "clips.json", 16_000, [(make("a"), np.array([0.0, np.nan]))])
    assert not (tmp_path / "clips.json").exists()


def test_repeated_ids_are_an_error(tmp_path):
    with pytest.raises(ValueError, match="share an id"):
        write_clips(tmp_path / "clips.json", 16_000, [(make("a"), np.zeros(9)), (make("a"), np.zeros(9))])


@pytest.mark.parametrize("content", [None, "not json", '{"clips": []}'])
def test_a_missing_or_wrong_file_is_one_line(tmp_path, content):
    path = tmp_path / "clips.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=r"clips.json") as caught:
        load_clips(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", ["gone", "garbage", "rate", "stereo"])
def test_a_damaged_wav_is_named(tmp_path, damage):
    path = tmp_path / "clips.json"
    clips = write_clips(path, 16_000, [(make("a"), np.zeros(1600))])
    wav = tmp_path / "clips" / "a.wav"
    if damage == "gone":
        wav.unlink()
    elif damage == "garbage":
        wav.write_bytes(b"RIFF")
    else:
        shape = (1600, 2) if damage == "stereo" else 1600
        soundfile.write(wav, np.zeros(shape), 8000 if damage == "rate" else 16_000)
    with pytest.raises(ConfigError, match=r"a\.wav"):
        load_audio(path, clips, clips.clips[0])
