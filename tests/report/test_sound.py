"""Clips on the page: each sound once, pictures that show it, missing and damaged files."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from shared.audio.io import read_audio
from shared.record.files import load_source
from shared.record.keep_clips import KeptClip, write_mp3
from shared.record.manifest import write_manifest
from shared.record.table import to_csv
from shared.report.sound import LEVELS, MELS, in_words, listen, loudness, spectrogram
from tests.report.made_up import RATE, STUDY, clip, make_record, tone


@pytest.fixture
def folder(tmp_path):
    return make_record(tmp_path)


def test_each_text_has_its_sounds_ground_truth_first(folder):
    (text,) = listen(load_source(folder))
    assert (text.id, text.text) == ("c0", "red <fox>")
    assert [each.title for each in text.sounds] == [
        "Ground truth", "dim64, generated", "dim128, generated", "dim256, generated",
    ]  # fmt: skip
    data = base64.b64decode(text.sounds[0].audio.removeprefix("data:audio/mpeg;base64,"))
    assert data == (folder / f"clips/{STUDY}/ground_truth_None_c0.mp3").read_bytes()
    assert int(text.sounds[0].words.split()[-2]) == pytest.approx(300, rel=0.1)  # the nearest of 64 bands


def test_what_two_studies_share_comes_once_and_what_differs_twice(folder):
    other = folder / "clips/fig4"
    other.mkdir()
    shared, changed = clip("ground_truth", None), clip("dim64", "generation")
    write_mp3(other / shared.file, tone(300), RATE)
    write_mp3(other / changed.file, tone(1000), RATE)
    (other / "clips.csv").write_text(to_csv([shared, changed], KeptClip))
    write_manifest(folder, "fig4")
    (text,) = listen(load_source(folder))
    found = [(each.title, each.studies) for each in text.sounds]
    assert found[0] == ("Ground truth", ["fig3", "fig4"])
    assert found.count(("dim64, generated", ["fig3"])) == found.count(("dim64, generated", ["fig4"])) == 1


def test_a_clip_that_is_gone_is_missing_and_one_that_is_no_audio_is_damaged(folder):
    audio = folder / "clips" / STUDY
    (audio / "dim64_generation_c0.mp3").unlink()
    (audio / "dim128_generation_c0.mp3").write_bytes(b"not audio")
    write_manifest(folder, STUDY)
    (text,) = listen(load_source(folder))
    gone, damaged = text.sounds[1:3]
    assert not gone.audio and not gone.file.problem
    assert not damaged.audio and "not readable as audio" in damaged.file.problem


def test_a_spectrogram_is_bright_where_the_tone_is_and_clear_where_nothing_is():
    loud = loudness(tone(4000), RATE)
    image = Image.open(io.BytesIO(spectrogram(loud.levels, loud.levels.max(), 150)))
    pixels = np.array(image)
    frames = loud.levels.shape[1]
    assert pixels.shape == (MELS, 150)
    assert (pixels[:, frames:] == LEVELS).all() and image.info["transparency"] == LEVELS
    # Slaney's scale has 4 kHz at 35 of the 45 mels up to 8 kHz; row 0 is the highest.
    assert pixels[:, 50].argmax() == pytest.approx(MELS * (1 - 35 / 45.3), abs=2)
    assert pixels[:, 50].max() == LEVELS - 1


def test_words_say_when_and_where():
    sound = np.concatenate([np.zeros(RATE // 2, np.float32), tone(1000), np.zeros(RATE // 2, np.float32)])
    said = in_words(loudness(sound, RATE))
    assert said.startswith("log-mel spectrogram of 2.0 s, 0 to 8 kHz: sound from 0.5 to 1.5 s, loudest near ")
    assert int(said.split()[-2]) == pytest.approx(1000, rel=0.06)


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
def test_other_rates_and_the_shortest_sound(rate):
    assert loudness(np.full(10, 0.1, np.float32), rate).levels.shape[0] == MELS


def test_a_stereo_clip_plays_as_it_is_and_its_picture_has_the_power_of_both_channels(folder):
    both = np.stack([tone(300), tone(3000)])
    write_mp3(folder / f"clips/{STUDY}/dim64_generation_c0.mp3", both, RATE)
    write_manifest(folder, STUDY)
    (text,) = listen(load_source(folder))
    data = base64.b64decode(text.sounds[1].audio.removeprefix("data:audio/mpeg;base64,"))
    assert read_audio(io.BytesIO(data))[0].shape[1] == 2
    levels = loudness(both, RATE).levels
    power = (10 ** (loudness(both[0], RATE).levels / 10) + 10 ** (loudness(both[1], RATE).levels / 10)) / 2
    heard = levels > levels.max() - 70  # what is quieter is rounding
    np.testing.assert_allclose(levels[heard], 10 * np.log10(power[heard]), atol=0.01)
    # Opposite channels do not cancel.
    opposite, alone = (loudness(audio, RATE).levels for audio in (np.stack([both[0], -both[0]]), both[0]))
    np.testing.assert_allclose(opposite[alone > alone.max() - 70], alone[alone > alone.max() - 70], atol=0.01)
