import io

import numpy as np
import pytest
import soundfile

from shared.audio.io import (
    AudioError,
    audio_seconds,
    limit_peak,
    mix_down,
    read_audio,
    read_channels,
    read_mono,
    resample,
    write_pcm16,
)


def tone(frequency: float, seconds: float, rate: int, amplitude: float = 0.5) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(
        np.float32
    )


def test_pcm16_round_trip_is_within_half_a_level(tmp_path):
    audio = tone(440, 0.1, 16000)
    write_pcm16(tmp_path / "a.wav", audio, 16000)
    read, rate = read_audio(tmp_path / "a.wav")
    assert rate == 16000 and read.shape == (1600, 1) and read.dtype == np.float32
    assert np.abs(read[:, 0] - audio).max() <= 0.5 / 32768 + 1e-7
    assert soundfile.info(tmp_path / "a.wav").subtype == "PCM_16"


def test_written_audio_that_is_read_and_written_again_has_the_same_bytes(tmp_path):
    write_pcm16(tmp_path / "a.wav", tone(440, 0.1, 16000), 16000)
    write_pcm16(tmp_path / "b.wav", read_mono(tmp_path / "a.wav", 16000), 16000)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_full_scale_does_not_wrap_around(tmp_path):
    write_pcm16(tmp_path / "a.wav", np.array([1.0, -1.0, 1.5, -1.5], dtype=np.float32), 8000)
    assert read_mono(tmp_path / "a.wav", 8000) == pytest.approx([32767 / 32768, -1, 32767 / 32768, -1])


def test_the_first_channel_of_two_is_the_left_one(tmp_path):
    audio = np.stack([tone(440, 0.1, 16000), np.zeros(1600, np.float32)])
    write_pcm16(tmp_path / "a.wav", audio, 16000)
    read, _ = soundfile.read(tmp_path / "a.wav")
    assert read.shape == (1600, 2) and np.abs(read[:, 0]).max() > 0.4 and np.abs(read[:, 1]).max() == 0
    both = read_channels(tmp_path / "a.wav", 16000, 2)
    assert both.shape == (2, 1600) and both.dtype == np.float32 and np.abs(both - audio).max() <= 0.5 / 32768 + 1e-7
    np.testing.assert_array_equal(read_channels(tmp_path / "a.wav", 16000, 1), both.mean(axis=0))


@pytest.mark.parametrize("shape", [(10, 2), (3, 10), (1, 10), (1, 2, 10)])
def test_only_mono_and_stereo_are_written(tmp_path, shape):
    with pytest.raises(ValueError, match=r"\(time,\) or \(2, time\)"):
        write_pcm16(tmp_path / "a.wav", np.zeros(shape), 8000)
    assert list(tmp_path.iterdir()) == []


def test_mono_becomes_both_of_two_channels_and_more_than_two_are_refused(tmp_path):
    soundfile.write(tmp_path / "mono.wav", tone(440, 0.5, 8000), 8000)
    both = read_channels(tmp_path / "mono.wav", 16000, 2)
    np.testing.assert_array_equal(both, np.stack([read_mono(tmp_path / "mono.wav", 16000)] * 2))
    soundfile.write(tmp_path / "five.wav", np.zeros((100, 5)), 8000)
    with pytest.raises(AudioError, match="5 channels"):
        read_channels(tmp_path / "five.wav", 8000, 2)
    assert read_channels(tmp_path / "five.wav", 8000, 1).shape == (100,)


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_any_format_and_rate_becomes_mono_at_the_wanted_rate(tmp_path, rate, suffix):
    path = tmp_path / f"a.{suffix}"
    left = tone(440, 0.5, rate, amplitude=0.8)
    soundfile.write(path, np.stack([left, np.zeros_like(left)], axis=1), rate)
    audio = read_mono(path, 16000)
    assert audio.dtype == np.float32 and abs(len(audio) - 8000) <= 1
    assert audio_seconds(path) == pytest.approx(0.5, abs=1e-3)
    middle = audio[1000:7000]
    assert np.abs(middle).max() == pytest.approx(0.4, rel=0.05)
    assert np.abs(np.fft.rfft(middle * np.hanning(6000))).argmax() * 16000 / 6000 == pytest.approx(440, abs=3)


def test_resampling_to_the_same_rate_changes_nothing():
    audio = tone(100, 0.1, 8000)
    assert resample(audio, 8000, 8000) is audio


def test_bytes_are_read_like_files(tmp_path):
    write_pcm16(tmp_path / "a.wav", tone(440, 0.1, 16000), 16000)
    content = io.BytesIO((tmp_path / "a.wav").read_bytes())
    assert np.array_equal(read_mono(content, 16000), read_mono(tmp_path / "a.wav", 16000))


@pytest.mark.parametrize("name", ["a.wav", "a.raw", "a.mp3"])
def test_what_is_not_audio_is_an_error_with_a_reason(tmp_path, name):
    (tmp_path / name).write_bytes(b"this is no audio" * 50)
    for read in (read_audio, audio_seconds):
        with pytest.raises(AudioError, match="not readable as audio"):
            read(tmp_path / name)


def test_limit_peak_scales_down_and_never_up():
    assert limit_peak(np.array([2.0, -4.0]), 1.0) == pytest.approx([0.5, -1.0])
    assert limit_peak(np.array([0.2, -0.4]), 1.0) == pytest.approx([0.2, -0.4])
    assert len(limit_peak(np.empty(0))) == 0


def test_the_mix_of_two_channels_is_their_mean_and_mono_is_untouched():
    stereo = np.array([[0.5, 1.0], [-0.5, 0.5]], dtype=np.float32)
    np.testing.assert_array_equal(mix_down(stereo), [0.0, 0.75])
    assert mix_down(stereo[0]) is not stereo and (mix_down(stereo[0]) == stereo[0]).all()
