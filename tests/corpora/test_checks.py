import numpy as np
import pytest

from shared.corpora.checks import audio_problem, clip_problem, length_problem, mix_problem, text_problem

RATE = 16000
NOISE = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)


def test_a_usable_clip_has_no_problem():
    assert clip_problem(NOISE, RATE, "Hello, world!", 0.3, 30) is None


@pytest.mark.parametrize(("text", "problem"), [("", "empty"), (" \n", "empty"), (" ... ", "without a word")])
def test_transcripts(text, problem):
    assert problem in text_problem(text)


@pytest.mark.parametrize("text", ["a", "7", "привет", "你好"])
def test_transcripts_in_any_script_are_text(text):
    assert text_problem(text) is None


@pytest.mark.parametrize(("seconds", "problem"), [(0.29, "too short: 0.29 s"), (30.1, "too long: 30.10 s")])
def test_lengths(seconds, problem):
    assert problem in length_problem(seconds, 0.3, 30)
    assert length_problem(0.3, 0.3, 30) is None and length_problem(30, 0.3, 30) is None


@pytest.mark.parametrize(
    "audio",
    [
        np.zeros(RATE),
        np.full(RATE, 0.5),
        NOISE * 1e-3,
        np.where(np.arange(RATE) < 100, NOISE, 0),
        np.empty(0),
    ],
    ids=["zeros", "offset", "hiss", "click", "empty"],
)
def test_silence(audio):
    assert "silent" in audio_problem(audio, RATE)


def test_a_single_short_hit_is_a_sound_and_no_speech():
    hit = np.where(np.arange(RATE) < 0.03 * RATE, NOISE, 0)
    assert audio_problem(hit, RATE, "sound") is None
    assert audio_problem(hit, RATE) == "silent: less than 0.1 s above -60 dBFS"
    click = np.where(np.arange(RATE) < 0.005 * RATE, NOISE, 0)
    assert "silent: less than 0.02 s" in audio_problem(click, RATE, "sound")


def test_problems_are_named_after_what_the_texts_are():
    assert clip_problem(NOISE, RATE, "", 0.1, 30, "sound") == "empty caption"
    assert clip_problem(NOISE, RATE, "", 0.1, 30, "speech") == "empty transcript"


@pytest.mark.parametrize("channels", [(NOISE, NOISE * 0), (NOISE, -NOISE)], ids=["one side", "opposite phases"])
def test_what_one_of_two_channels_holds_is_heard(channels):
    assert clip_problem(np.stack(channels), RATE, "music", 0.3, 30, "sound") is None
    assert "too short: 1.00 s" in clip_problem(np.stack(channels), RATE, "music", 1.1, 30, "sound")
    assert "silent" in audio_problem(np.stack(channels) * 1e-4, RATE, "sound")


def test_quiet_speech_is_not_silence():
    assert audio_problem(NOISE * 0.05, RATE) is None


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_not_finite(value):
    audio = NOISE.copy()
    audio[100] = value
    assert "not finite" in audio_problem(audio, RATE)


def test_the_first_problem_is_named():
    assert "transcript" in clip_problem(np.zeros(10), RATE, "", 0.3, 30)
    assert "too short" in clip_problem(np.zeros(10), RATE, "a", 0.3, 30)


@pytest.mark.parametrize("seconds", [0.295, 0.2999, 29.9999, 30.004, 30.03])
def test_lengths_that_rounding_or_a_codec_changed(seconds):
    assert length_problem(seconds, 0.3, 30) is None


@pytest.mark.parametrize("seconds", [0.2899, 0.2949 - 0.006, 30.0801, 30.09])
def test_a_length_that_is_refused_reads_as_one_that_is(seconds):
    problem = length_problem(seconds, 0.3, 30)
    stated = float(problem.split(": ")[1].split(" s")[0])
    assert stated < 0.3 or stated > 30


SIDE = np.random.default_rng(1).normal(0, 0.1, RATE).astype(np.float32)


@pytest.mark.parametrize(
    "channels",
    [
        (NOISE, NOISE),
        (NOISE, NOISE * 0),
        (NOISE, SIDE),
        (NOISE, -0.5 * NOISE),
        (NOISE, *[NOISE * 0] * 7),
        (NOISE + 0.5,),
    ],
    ids=["equal", "one side", "unrelated", "half against", "one of eight", "mono with an offset"],
)
def test_channels_that_can_be_mixed(channels):
    assert mix_problem(np.stack(channels, axis=1), RATE) is None


@pytest.mark.parametrize("right", [-NOISE, -0.9 * NOISE, 0.3 - NOISE, 0.02 * SIDE - NOISE])
def test_channels_that_cancel_are_not_called_silent(right):
    assert mix_problem(np.stack([NOISE, right], axis=1), RATE).startswith("left and right cancel when mixed to mono")


def test_more_than_two_channels_cancel_too():
    four = np.stack([NOISE, SIDE, -NOISE, -SIDE], axis=1)
    assert mix_problem(four, RATE).startswith("its 4 channels cancel")


def test_silence_is_not_called_cancelled():
    assert mix_problem(np.stack([NOISE, -NOISE], axis=1) * 1e-4, RATE) is None
    assert mix_problem(np.zeros((RATE, 2)), RATE) is None and mix_problem(np.zeros((0, 2)), RATE) is None
