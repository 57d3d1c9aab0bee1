import io
import os
import re

import numpy as np
import pytest
import soundfile

from shared.audio.io import AudioError, audio_seconds, read_audio

RATE = 16000
SECONDS = 1.0
TIME = np.arange(RATE) / RATE
SOUND = 0.3 * np.sin(2 * np.pi * 220 * TIME) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * TIME))
NOISE = np.random.default_rng(0).normal(0, 0.1, RATE)
# Of these, the header doesn't say how long they are; SD2 has it in another file, RAW has none.
LENGTHLESS = {"PAF", "PVF", "IRCAM", "XI"}
ELSEWHERE = {"SD2", "RAW"}


def encoded(kind: str, subtype: str | None = None, audio=SOUND, rate: int = RATE, endian: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, audio, rate, format=kind, subtype=subtype, endian=endian)
    return file.getvalue()


def writable() -> list[tuple[str, str]]:
    kinds = []
    for kind in sorted(set(soundfile.available_formats()) - ELSEWHERE):
        for subtype in soundfile.available_subtypes(kind):
            try:
                encoded(kind, subtype)
            except soundfile.LibsndfileError:
                continue
            kinds.append((kind, subtype))
    return kinds


def samples(content: bytes) -> int:
    return len(read_audio(io.BytesIO(content))[0])


def problem(content: bytes) -> str:
    with pytest.raises(AudioError) as error:
        read_audio(io.BytesIO(content))
    return str(error.value)


def replaced(content: bytes, at: int, value: int, size: int = 4, order: str = "little") -> bytes:
    return content[:at] + (value & (1 << 8 * size) - 1).to_bytes(size, order) + content[at + size :]


@pytest.mark.parametrize(("kind", "subtype"), writable())
def test_of_each_format_a_whole_file_is_read_and_a_part_is_named(kind, subtype):
    whole = encoded(kind, subtype)
    length = samples(whole)
    assert length >= RATE and audio_seconds(io.BytesIO(whole)) > 0
    if kind in LENGTHLESS:
        return
    for share in (0.95, 0.6, 0.4):
        reason = problem(whole[: int(len(whole) * share)])
        if kind == "HTK" or (kind, subtype) == ("VOC", "PCM_U8"):  # libsndfile doesn't know them without their end
            assert reason.startswith("not readable")
            continue
        assert reason.startswith("cut off: ")
        if numbers := re.fullmatch(r"cut off: ([\d.]+) s of ([\d.]+) s", reason):
            left, stated = map(float, numbers.groups())
            assert left < stated and abs(stated - length / (8000 if kind == "WVE" else RATE)) < 0.2
        else:
            assert kind in ("OGG", "VOC")


@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "NIST", "SVX"])
def test_a_sample_that_is_lost_is_no_loss(kind):
    assert samples(encoded(kind, "PCM_16")[:-1]) == RATE - 1


# As ffmpeg, sox, arecord, espeak-ng, GStreamer and a recorder that crashed leave it.
STREAMED = [0, 0x7FFFFFFF, 0x7FFFF000, 0x7FFFFFFF - 36, 0x80000000, 0x80000024, 0xFFFFFFFF, 0xFFFFFFFF - 44, 0xFFFFF000]


@pytest.mark.parametrize("size", STREAMED, ids=hex)
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "IMA_ADPCM", "GSM610"])
def test_a_wav_of_a_writer_that_streamed_is_whole(subtype, size):
    for endian, order in (("LITTLE", "little"), ("BIG", "big")):
        whole = encoded("WAV", subtype, endian=endian)
        piped = replaced(whole, whole.index(b"data") + 4, size, order=order)
        for content in (piped, replaced(piped, 4, min(size + 36, 0xFFFFFFFF), order=order)):
            np.testing.assert_array_equal(read_audio(io.BytesIO(content))[0], read_audio(io.BytesIO(whole))[0])
            assert audio_seconds(io.BytesIO(content)) == audio_seconds(io.BytesIO(whole))


@pytest.mark.parametrize(
    ("kind", "mark", "offset", "size", "order"),
    [
        ("WAVEX", b"data", 4, 4, "little"),
        ("AIFF", b"SSND", 4, 4, "big"),
        ("SVX", b"BODY", 4, 4, "big"),
        ("AU", b".snd", 8, 4, "big"),
        ("CAF", b"data", 4, 8, "big"),
        ("W64", b"data", 16, 8, "little"),
        ("RF64", b"ds64", 16, 8, "little"),
    ],
)
def test_other_containers_of_writers_that_streamed_are_whole(kind, mark, offset, size, order):
    whole = encoded(kind, "PCM_16")
    for value in (*STREAMED, -1):
        assert samples(replaced(whole, whole.index(mark) + offset, value, size, order)) == RATE, hex(value)


@pytest.mark.parametrize("size", [3_000_000_000, 0x7FFE0000, 100_000])
def test_a_size_that_a_writer_may_have_meant_is_taken_at_its_word(size):
    whole = encoded("WAV")
    reason = problem(replaced(whole, whole.index(b"data") + 4, size))
    assert reason == f"cut off: 1.00 s of {size / 2 / RATE:.2f} s"
    assert audio_seconds(io.BytesIO(replaced(whole, whole.index(b"data") + 4, size))) == pytest.approx(size / 2 / RATE)


LIST = b"LIST" + (26).to_bytes(4, "little") + b"INFOINAM" + (14).to_bytes(4, "little") + b"a name of it \0"


@pytest.mark.parametrize("length", [RATE, RATE - 1])
def test_a_file_that_lost_only_what_follows_its_audio_is_whole(length):
    sound = encoded("WAV", "PCM_U8", SOUND[:length])
    sound += b"\0" * (len(sound) % 2)
    for rest in (LIST, b"id3 " + (1000).to_bytes(4, "little") + bytes(1000), b"TAG" + bytes(125), b"junk"):
        whole = replaced(sound + rest, 4, len(sound + rest) - 8)
        assert samples(whole) == samples(whole[: len(sound) + len(rest) // 2]) == samples(whole[: len(sound)]) == length
    leading = sound[:12] + LIST + sound[12:]
    assert samples(leading) == length
    assert problem(leading[: len(leading) // 2]) == "cut off: 0.50 s of 1.00 s"


def test_an_empty_wav_is_empty_even_with_chunks_behind():
    empty = encoded("WAV", audio=np.empty(0))
    assert samples(empty) == samples(empty + LIST) == 0
    assert audio_seconds(io.BytesIO(empty + LIST)) == 0
    assert problem(encoded("WAV")[:44]) == "cut off: 0.00 s, then it breaks off"


def ogg_pages(content: bytes) -> list[int]:
    return [match.start() for match in re.finditer(b"OggS", content)]


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_an_ogg_ends_with_a_page_that_says_so(subtype):
    whole = encoded("OGG", subtype, np.tile(NOISE, 4))
    last = ogg_pages(whole)[-1]
    for end in (last, last + 20, len(whole) - 1):
        assert re.fullmatch(r"cut off: [123]\.\d\d s, then it breaks off", problem(whole[:end]))
    assert samples(whole + b"TAG" + bytes(125)) == samples(whole) == 4 * RATE


def streamed_flac(content: bytes) -> bytes:
    return content[:21] + bytes([content[21] & 0xF0]) + bytes(4) + content[26:]


def test_a_flac_that_does_not_say_how_long_it_is():
    whole = encoded("FLAC", audio=np.tile(NOISE, 6))
    piped = streamed_flac(whole)
    np.testing.assert_array_equal(read_audio(io.BytesIO(piped))[0], read_audio(io.BytesIO(whole))[0])
    assert audio_seconds(io.BytesIO(piped)) == 6
    assert re.fullmatch(r"cut off: [34]\.\d\d s, then it breaks off", problem(piped[: len(piped) * 6 // 10]))


def test_what_is_broken_within_is_not_called_cut_off():
    content = bytearray(encoded("FLAC", audio=np.tile(NOISE, 6)))
    content[len(content) // 2 : len(content) // 2 + 50] = bytes(50)
    assert re.fullmatch(r"damaged: [23]\.\d\d s of 6\.00 s", problem(bytes(content)))


ID3 = b"ID3\x04\0\0\0\0\x10\0" + bytes(2048)
EMPTY_ID3 = b"ID3\x04\0\0\0\0\0\0"


@pytest.mark.parametrize("rate", [8000, 44100])
@pytest.mark.parametrize("mode", ["VARIABLE", "CONSTANT"])
def test_an_mp3_without_its_first_frame_is_read_to_its_end(rate, mode):
    audio = np.random.default_rng(0).normal(0, 0.1, 2 * rate) * (0.01 + (np.arange(2 * rate) > rate))
    file = io.BytesIO()
    soundfile.write(file, audio, rate, format="MP3", bitrate_mode=mode, compression_level=0.5)
    whole = file.getvalue()
    says = max(whole.find(b"Xing"), whole.find(b"Info"))
    bare = whole[whole.index(whole[:2], says) :]
    assert samples(whole) == samples(ID3 + whole) == samples(EMPTY_ID3 + whole + b"TAG" + bytes(125)) == 2 * rate
    assert samples(bare) == samples(ID3 + bare + b"TAG" + bytes(125))
    expected, found = read_audio(io.BytesIO(whole))[0], read_audio(io.BytesIO(bare))[0]
    latter = slice(rate, 2 * rate - 3000)
    np.testing.assert_array_equal(found[576:][latter], expected[latter])
    assert re.fullmatch(r"cut off: 1\.\d\d s, then it breaks off", problem(bare[: len(bare) * 4 // 5 + 1]))
    assert re.fullmatch(r"cut off: 1\.\d\d s of 2\.00 s", problem(whole[: len(whole) * 9 // 10]))


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "FLAC", "OGG", "W64", "CAF"])
def test_a_tag_before_the_file_takes_nothing_from_its_end(kind):
    assert samples(ID3 + encoded(kind)) == RATE


def test_of_a_longer_file_the_beginning_is_enough():
    whole = encoded("WAV")
    for content in (whole, whole[: len(whole) // 2]):
        assert read_audio(io.BytesIO(content), 0.25)[0].shape == (4000, 1)
    with pytest.raises(AudioError, match=r"cut off: 0\.50 s of 1\.00 s"):
        read_audio(io.BytesIO(whole[: len(whole) // 2]), 0.75)


def test_what_is_beside_or_in_the_name_of_a_file_does_not_matter(tmp_path):
    (tmp_path / "a.mp3").write_bytes(encoded("MP3"))
    # The companion that macOS writes (AppleDouble): version 2, one entry, a resource fork.
    (tmp_path / "._a.mp3").write_bytes(bytes.fromhex("0005160700020000") + bytes(16) + b"\0\1" + bytes(300))
    assert len(read_audio(tmp_path / "a.mp3")[0]) == RATE
    (tmp_path / "a.raw").write_bytes(encoded("WAV"))
    assert len(read_audio(tmp_path / "a.raw")[0]) == RATE
    soundfile.write(tmp_path / "a.sd2", SOUND, RATE, subtype="PCM_16")
    assert len(read_audio(tmp_path / "a.sd2")[0]) == RATE


def test_a_file_on_disk_is_mended_in_memory(tmp_path):
    whole = encoded("WAV")
    crashed = replaced(whole, whole.index(b"data") + 4, 0)
    (tmp_path / "a.wav").write_bytes(crashed)
    (tmp_path / "link.wav").symlink_to("a.wav")
    assert len(read_audio(tmp_path / "link.wav")[0]) == RATE
    assert (tmp_path / "a.wav").read_bytes() == crashed


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "gone.wav").symlink_to("nowhere")
    soundfile.write(tmp_path / "a.sd2", SOUND, RATE, subtype="PCM_16")
    (tmp_path / "._a.sd2").unlink()
    os.mkfifo(tmp_path / "._a.sd2")  # libsndfile opens it by its name
    pipe = "a pipe, not a file"
    for name, reason in (("pipe.wav", pipe), ("a.sd2", pipe), (".", "a folder, not"), ("gone.wav", "no such file")):
        for read in (read_audio, audio_seconds):
            with pytest.raises(AudioError, match=reason):
                read(tmp_path / name)
