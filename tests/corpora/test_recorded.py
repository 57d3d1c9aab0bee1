import io

import numpy as np
import pytest
import soundfile

from shared.corpora.corpus import Corpus
from shared.corpora.recorded import RecordedConfig, Recording, build_recorded

RATE = 16000
NOISE = np.random.default_rng(0).normal(0, 0.1, 4 * RATE)


def encoded(audio, kind="WAV", subtype=None, rate=RATE) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, audio, rate, format=kind, subtype=subtype)
    return file.getvalue()


def build(tmp_path, *odd: Recording, **settings):
    """A corpus of four usable clips and `odd` ones; the manifest and the reasons by name."""
    good = [Recording(f"good{index}", encoded(NOISE[index : RATE + index]), "a text", "s") for index in range(4)]
    config = RecordedConfig(sample_rate=RATE, max_rejected=1, **settings)
    manifest = build_recorded("here", [*good, *odd], None, config, tmp_path / "manifest.json")
    return manifest, {item.file: item.reason for item in manifest.rejected}


def clip(name: str, content: bytes, cut: bool = False) -> Recording:
    return Recording(name, content, "a text", "s", cut=cut)


def test_a_part_of_a_file_is_named_and_a_stream_is_whole(tmp_path):
    whole = encoded(NOISE[:RATE], "WAVEX", "PCM_24")
    crashed = whole.replace(b"data" + (3 * RATE).to_bytes(4, "little"), b"data" + bytes(4))
    one_page = encoded(NOISE[:2000], "OGG")
    manifest, reasons = build(
        tmp_path, clip("half", whole[: len(whole) // 2]), clip("crashed", crashed), clip("page", one_page[:-1])
    )
    assert reasons == {"half": "cut off: 0.50 s of 1.00 s", "page": "cut off: 0.00 s, then it breaks off"}
    assert {item.seconds for item in manifest.clips} == {1.0}


@pytest.mark.parametrize("seconds", [0.9996, 1.004, 1.01])
def test_a_clip_that_is_as_long_as_allowed_but_for_rounding(tmp_path, seconds):
    odd = clip("odd", encoded(np.resize(NOISE, round(seconds * 44100)), rate=44100))
    assert build(tmp_path, odd, max_seconds=1, min_seconds=1)[1] == {}


def test_one_channel_against_the_other_is_silent_in_the_mix_alone(tmp_path):
    against = encoded(np.stack([NOISE, -NOISE], axis=1))
    mono = build(tmp_path / "mono", clip("against", against))[1]
    assert mono["against"].startswith("left and right cancel when mixed to mono")
    manifest, stereo = build(tmp_path / "stereo", clip("against", against), channels=2)
    assert not stereo and len(manifest.clips) == 5
    silent = build(tmp_path / "silent", clip("silent", encoded(np.zeros((RATE, 2)))))[1]
    assert silent["silent"].startswith("silent")


def test_of_a_song_the_beginning_is_taken_if_it_is_there(tmp_path):
    song = encoded(NOISE)
    odd = clip("song", song, True), clip("part", song[: len(song) // 2], True), clip("end", song)
    manifest, reasons = build(tmp_path, *odd, max_seconds=1.5)
    assert reasons == {"end": "too long: 4.00 s, max_seconds is 1.5"}
    assert sorted(item.seconds for item in manifest.clips) == [1.0] * 4 + [1.5] * 2
    assert build(tmp_path, clip("part", song[: len(song) // 4], True), max_seconds=1.5)[1] == {
        "part": "cut off: 1.00 s of 4.00 s"
    }


def test_what_is_empty_loud_or_has_many_channels(tmp_path):
    odd = (
        clip("empty", encoded(np.empty(0))),
        clip("loud", encoded(100 * NOISE, subtype="FLOAT")),
        clip("bytes", encoded(NOISE, subtype="PCM_U8")),
        clip("six", encoded(np.stack([NOISE] * 6, axis=1))),
    )
    manifest, reasons = build(tmp_path, *odd)
    assert reasons == {"empty": "too short: 0.00 s, min_seconds is 0.3"}
    loud = next(item for item in manifest.clips if item.file.endswith("loud.wav"))
    assert 0.98 < np.abs(Corpus(tmp_path / "manifest.json").audio(loud)).max() <= 0.99
    assert build(tmp_path, *odd, channels=2)[1]["six"].startswith("6 channels, of which no two are known")
