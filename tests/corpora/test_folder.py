import csv
import os

import numpy as np
import pytest
import soundfile

from shared.config import ConfigError
from shared.corpora.build import build_corpus
from shared.corpora.config import parse_corpus
from shared.corpora.corpus import Corpus
from shared.corpora.folder import source_files
from shared.corpora.manifest import CorpusError, load_manifest
from shared.corpora.test_items import test_items as items_of

BROKEN = ("b03.wav", "b08.wav", "b15.wav")


def noise(seconds: float, rate: int, seed: int, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.05, (round(seconds * rate), channels))


def write_metadata(folder, rows, columns=("file_name", "text", "speaker")):
    with open(folder / "metadata.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])


@pytest.fixture
def twenty(tmp_path):
    """Twenty clips by four speakers in assorted formats, rates and channels; three of them are broken."""
    folder = tmp_path / "mine"
    folder.mkdir()
    rows = []
    for index in range(20):
        suffix = ("wav", "flac", "ogg")[index % 3]
        name = f"c{index:02d}.{suffix}"
        rate = (16000, 48000, 22050, 8000)[index % 4]
        if index in (3, 8, 15):
            name = f"b{index:02d}.wav"
            (folder / name).write_bytes(b"RIFF broken" if index == 3 else b"")
        else:
            soundfile.write(folder / name, noise(0.6, rate, index, 1 + index % 2), rate)
        rows.append((name, f"sentence number {index}", f"s{index % 4}"))
    write_metadata(folder, rows)
    return folder


def build(folder, output, **settings):
    spec = {"kind": "folder", "path": str(folder), "sample_rate": 16000, **settings}
    return build_corpus(parse_corpus(spec, "spec"), output / "manifest.json")


def test_twenty_clips_three_of_them_broken(twenty, tmp_path, capsys):
    before = {path: path.read_bytes() for path in twenty.iterdir()}
    manifest = build(twenty, tmp_path / "out")
    assert [item.file for item in manifest.rejected] == list(BROKEN)
    assert len(manifest.clips) == 17 and all(
        manifest.split(split) for split in ("train", "validation", "test")
    )
    report = capsys.readouterr().err
    assert "3 of 20 clips are unusable and left out" in report
    assert all(f"{name}: not readable as audio" in report for name in BROKEN)
    for clip in manifest.clips:
        audio = Corpus(tmp_path / "out" / "manifest.json").audio(clip)
        assert abs(len(audio) - 9600) <= 2 and audio.ndim == 1
    assert len(items_of(manifest, 10, seed=0)) == len(manifest.split("test"))
    assert {path: path.read_bytes() for path in twenty.iterdir()} == before


def test_more_broken_clips_than_allowed_stop_the_build(twenty, tmp_path):
    with pytest.raises(CorpusError) as error:
        build(twenty, tmp_path / "out", max_rejected=0.1)
    message = str(error.value)
    assert "3 of 20" in message and "max_rejected" in message and "0.1" in message
    assert all(name in message for name in BROKEN)
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_exactly_the_allowed_share_is_allowed(twenty, tmp_path):
    assert len(build(twenty, tmp_path / "out", max_rejected=0.15).rejected) == 3


def test_two_builds_are_byte_identical(twenty, tmp_path):
    for name in ("a", "b"):
        build(twenty, tmp_path / name)
    a, b = ((tmp_path / name / "manifest.json") for name in ("a", "b"))
    assert a.read_bytes() == b.read_bytes()
    assert all(
        (a.parent / c.file).read_bytes() == (b.parent / c.file).read_bytes() for c in load_manifest(a).clips
    )


def test_each_problem_is_named(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    good = [(f"g{index}.wav", "fine", "s") for index in range(8)]
    for index, (name, *_) in enumerate(good):
        soundfile.write(folder / name, noise(0.5, 16000, index), 16000)
    soundfile.write(folder / "short.wav", noise(0.1, 16000, 0), 16000)
    soundfile.write(folder / "long.wav", noise(3, 16000, 0), 16000)
    soundfile.write(folder / "silent.wav", np.zeros(8000), 16000)
    soundfile.write(folder / "nan.wav", np.full(8000, np.nan), 16000, subtype="FLOAT")
    (folder / "broken.flac").write_bytes(b"fLaC" + b"\0" * 100)
    bad = {
        "short.wav": "too short: 0.10 s",
        "long.wav": "too long: 3.00 s",
        "silent.wav": "silent",
        "nan.wav": "not finite",
        "broken.flac": "not readable as audio",
        "missing.wav": "no such file",
        "../outside.wav": "outside the folder",
    }
    rows = [*good, *((name, "text", "s") for name in bad), ("g0.flac", "", "s"), ("", "text", "s")]
    soundfile.write(folder / "g0.flac", noise(0.5, 16000, 9), 16000)
    write_metadata(folder, rows)
    manifest = build(folder, tmp_path / "out", max_rejected=0.9, max_seconds=2)
    reasons = {item.file: item.reason for item in manifest.rejected}
    assert len(manifest.clips) == 8
    assert all(problem in reasons[name] for name, problem in bad.items())
    assert reasons["g0.flac"] == "empty transcript" and reasons["line 18"] == "no file_name"


def test_a_link_that_leads_out_of_the_folder_is_named_and_not_read(tmp_path, capsys):
    rows = [(f"{i}.wav", f"text {i}") for i in range(5)]
    folder = small_folder(tmp_path, ("file_name", "text"), [*rows, ("secret.wav", "text"), ("near.wav", "text")])
    (folder / "secret.wav").rename(tmp_path / "secret.wav")
    (folder / "near.wav").rename(folder / "kept")
    (folder / "secret.wav").symlink_to("../secret.wav")
    (folder / "near.wav").symlink_to("kept")
    (tmp_path / "behind").symlink_to(folder)  # as a folder on another disk would be linked to
    for place in (folder, tmp_path / "behind"):
        manifest = build(place, tmp_path / "out" / place.name)
        (rejected,) = manifest.rejected
        target = f"a link that leads out of the folder, to {tmp_path}/secret.wav"
        assert rejected.file == "secret.wav" and rejected.reason.startswith(target) and len(manifest.clips) == 6
        assert f"  secret.wav: {target}" in capsys.readouterr().err
        assert "secret.wav" not in {path.name for path in source_files(str(place))}


def test_a_folder_within_that_is_a_link_out_is_none_to_read_from(tmp_path):
    folder = small_folder(tmp_path, ("file_name", "text"), [(f"{i}.wav", f"text {i}") for i in range(5)])
    (tmp_path / "private").mkdir()
    (folder / "0.wav").rename(tmp_path / "private/0.wav")
    (folder / "sub").symlink_to("../private")
    rows = [("sub/0.wav", "text 0"), *((f"{i}.wav", f"text {i}") for i in range(1, 5))]
    write_metadata(folder, rows, ("file_name", "text"))
    (rejected,) = build(folder, tmp_path / "out").rejected
    assert f"leads out of the folder, to {tmp_path}/private/0.wav" in rejected.reason


def test_metadata_that_is_no_file_or_lies_elsewhere_is_refused_at_once(tmp_path):
    folder = small_folder(tmp_path, ("file_name", "text"), [(f"{i}.wav", f"text {i}") for i in range(5)])
    (folder / "metadata.csv").rename(tmp_path / "elsewhere.csv")
    (folder / "metadata.csv").symlink_to("../elsewhere.csv")
    with pytest.raises(CorpusError, match=r"metadata\.csv: not readable: a link that leads out of the folder, to "):
        build(folder, tmp_path / "out")
    (folder / "metadata.csv").unlink()
    os.mkfifo(folder / "metadata.csv")
    with pytest.raises(CorpusError, match=r"metadata\.csv: not readable: a pipe, not a file"):
        build(folder, tmp_path / "out")


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3"])
def test_a_file_whose_end_is_lost_is_rejected(tmp_path, suffix):
    rows = [(f"{i}.wav", f"text {i}") for i in range(5)]
    folder = small_folder(tmp_path, ("file_name", "text"), [*rows, (f"cut.{suffix}", "text")])
    whole = (folder / f"cut.{suffix}").read_bytes()
    (folder / f"cut.{suffix}").write_bytes(whole[: len(whole) // 2])
    manifest = build(folder, tmp_path / "out")
    assert [item.file for item in manifest.rejected] == [f"cut.{suffix}"]
    assert "cut off: 0." in manifest.rejected[0].reason or "not readable" in manifest.rejected[0].reason


def small_folder(tmp_path, columns, rows):
    folder = tmp_path / "mine"
    folder.mkdir()
    for index, row in enumerate(rows):
        soundfile.write(folder / row[0], noise(0.5, 16000, index), 16000)
    write_metadata(folder, rows, columns)
    return folder


def test_without_a_speaker_column_all_is_one_voice(tmp_path):
    folder = small_folder(tmp_path, ("file_name", "text"), [(f"{i}.wav", f"text {i}") for i in range(6)])
    manifest = build(folder, tmp_path / "out")
    assert {clip.speaker for clip in manifest.clips} == {"speaker"}
    assert all(clip.seen_speaker for clip in manifest.clips)


@pytest.mark.parametrize("columns", [("file_name", "text"), ("file_name", "text", "speaker")])
def test_a_folder_of_captioned_sounds_has_no_speakers(tmp_path, columns):
    rows = [(f"{i}.wav", f"a dog barks {i} times", "")[: len(columns)] for i in range(8)]
    folder = small_folder(tmp_path, columns, rows)
    hit = np.exp(-np.arange(2400) / 80) * noise(0.15, 16000, 0)[:, 0]
    soundfile.write(folder / "0.wav", hit, 16000)
    manifest = build(folder, tmp_path / "out", content="sound")
    assert len(manifest.clips) == 8 and not manifest.rejected
    assert {clip.speaker for clip in manifest.clips} == {None} and all(clip.seen_speaker for clip in manifest.clips)
    items = items_of(manifest, 10, seed=0)
    assert [item.target for item in items] == manifest.split("test") and {item.prompt for item in items} == {None}
    with pytest.raises(CorpusError, match=r"0\.wav: (too short: 0\.15 s|no speaker)"):
        build(folder, tmp_path / "speech", max_rejected=0)


def test_sounds_have_nobody_to_hold_out(tmp_path):
    with pytest.raises(ConfigError, match="held_out_speakers: sounds have no speakers"):
        build(tmp_path, tmp_path / "out", content="sound", held_out_speakers=1)


def test_a_split_column_is_followed(tmp_path):
    splits = ["train", "train", "dev", "test", "test"]
    rows = [(f"{i}.wav", f"text {i}", "a" if i < 4 else "b", split) for i, split in enumerate(splits)]
    manifest = build(
        small_folder(tmp_path, ("file_name", "text", "speaker", "split"), rows), tmp_path / "out"
    )
    assert {clip.text: clip.split for clip in manifest.clips} == {
        "text 0": "train",
        "text 1": "train",
        "text 2": "validation",
        "text 3": "test",
        "text 4": "test",
    }
    assert [clip.speaker for clip in manifest.clips if not clip.seen_speaker] == ["b"]


def test_a_split_column_without_test_is_an_error(tmp_path):
    rows = [(f"{i}.wav", f"text {i}", split) for i, split in enumerate(["train", "train", "val"])]
    folder = small_folder(tmp_path, ("file_name", "text", "split"), rows)
    with pytest.raises(CorpusError, match="no usable clip in split test"):
        build(folder, tmp_path / "out")


def test_rows_with_a_blank_speaker_an_odd_split_or_a_stray_comma(tmp_path):
    rows = [(f"{i}.wav", "text", "s", "train") for i in range(6)]
    rows[0] = ("0.wav", "text", "", "train")
    rows[1] = ("1.wav", "text", "s", "holdout")
    rows[2] = ("2.wav", "text", "s", "train", "more")
    rows[4], rows[5] = ("4.wav", "text", "s", "val"), ("5.wav", "text", "s", "test")
    folder = small_folder(tmp_path, ("file_name", "text", "speaker", "split"), rows)
    manifest = build(folder, tmp_path / "out", max_rejected=0.5)
    assert [item.reason.split(":")[0] for item in manifest.rejected] == [
        "no speaker",
        "unknown split 'holdout'",
        "more cells than columns",
    ]


def test_a_file_from_a_spreadsheet_with_a_byte_order_mark_and_blanks(tmp_path):
    folder = small_folder(tmp_path, ("file_name", "text"), [(f"{i}.wav", f"text {i}") for i in range(4)])
    lines = (folder / "metadata.csv").read_text().splitlines()
    (folder / "metadata.csv").write_text("\ufefffile_name, text\r\n" + "\r\n".join(lines[1:]) + "\r\n\r\n")
    assert len(build(folder, tmp_path / "out").clips) == 4


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (None, "metadata.csv: no such file"),
        (b"", "no column file_name and text"),
        (b"file,text\na.wav,hi\n", "no column file_name; there are: file, text"),
        (b"file_name;text\na.wav;hi\n", "no column file_name and text; there are: file_name;text; separated by ;"),
        (b"file_name,text\na.wav,hi\n\n./a.wav,ho\n", r"named more than once: a.wav \(lines 2, 4\)"),
        (b"file_name,text\nsub\\a.wav,hi\nsub/a.wav,ho\n", "named more than once: sub/a.wav"),
        (b"file_name,text\na.wav,\xff\xfe\n", "not a CSV file in UTF-8"),
        (b"file_name,text\n", "no clips"),
        (b"file_name,text\na.wav,hi\n", "1 of 1 clips are unusable"),
    ],
)
def test_a_wrong_metadata_file(tmp_path, metadata, message):
    folder = tmp_path / "mine"
    folder.mkdir()
    if metadata is not None:
        (folder / "metadata.csv").write_bytes(metadata)
    with pytest.raises(CorpusError, match=message):
        build(folder, tmp_path / "out")


def test_a_line_is_that_of_the_file(tmp_path):
    rows = [("0.wav", "text 0"), ("1.wav", "two\nlines"), *((f"{i}.wav", f"text {i}") for i in range(2, 8))]
    folder = small_folder(tmp_path, ("file_name", "text"), rows)
    with open(folder / "metadata.csv", "a") as file:
        file.write("\n\n,no name\n")
    assert [item.file for item in build(folder, tmp_path / "out").rejected] == ["line 13"]


def test_a_text_that_begins_with_a_quotation_mark_loses_no_row(tmp_path):
    rows = [(f"{i}.wav", f"text {i}") for i in range(8)]
    folder = small_folder(tmp_path, ("file_name", "text"), rows)
    lines = [f"{name},{text}" for name, text in rows]
    lines[3] = '3.wav,"so he said'
    (folder / "metadata.csv").write_text("\n".join(["file_name,text", *lines]))
    with pytest.raises(CorpusError, match=r"metadata\.csv: line 5: a quotation mark"):
        build(folder, tmp_path / "out")


def test_names_as_other_systems_write_them(tmp_path):
    one = "caf\N{LATIN SMALL LETTER E WITH ACUTE}.wav"
    rows = [("..hidden.wav", "a"), ("sub\\c.wav", "b"), (one, "c"), ("d.wav", "d")]
    folder = tmp_path / "mine"
    (folder / "sub").mkdir(parents=True)
    for index, name in enumerate(["..hidden.wav", "sub/c.wav", "cafe\N{COMBINING ACUTE ACCENT}.wav", "d.wav", "e.WAV"]):
        soundfile.write(folder / name, noise(0.5, 16000, index), 16000)
    write_metadata(folder, [*rows, ("e.wav", "e"), ("sub", "f")], ("file_name", "text"))
    manifest = build(folder, tmp_path / "out", max_rejected=0.5)
    assert sorted(clip.text for clip in manifest.clips) == ["a", "b", "c", "d"]
    assert [(item.file, item.reason) for item in manifest.rejected] == [
        ("e.wav", "no such file; did you mean e.WAV?"), ("sub", "a folder, not a file")
    ]  # fmt: skip
    assert len(source_files(str(folder))) == 5


def test_speakers_are_whatever_they_are_called(tmp_path):
    names = ["7", "a/b", 'Jo "the voice" Doe', "Ünal, A."]
    rows = [(f"{i}.wav", f"text {i}", names[i % 4]) for i in range(12)]
    manifest = build(small_folder(tmp_path, ("file_name", "text", "speaker"), rows), tmp_path / "out")
    assert {clip.speaker for clip in manifest.clips} == set(names)


def test_a_thousand_rows_of_which_none_is_there(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    write_metadata(folder, [(f"{i}.wav", "text", "s") for i in range(1000)])
    with pytest.raises(CorpusError, match=r"(?s)1000 of 1000 clips are unusable.*0\.wav: no such file.*and 980 more"):
        build(folder, tmp_path / "out")


def test_not_one_usable_clip_where_all_may_be_rejected(tmp_path):
    (tmp_path / "mine").mkdir()
    write_metadata(tmp_path / "mine", [("a.wav", "text", "s")])
    with pytest.raises(CorpusError, match="0 usable clips are too few"):
        build(tmp_path / "mine", tmp_path / "out", max_rejected=1.0)


def test_a_row_that_got_lost_is_a_defect(twenty, tmp_path, monkeypatch):
    from shared.corpora import folder

    monkeypatch.setattr(folder, "read_entries", lambda path, real=folder.read_entries: LongerThanItIs(real(path)))
    with pytest.raises(RuntimeError, match="of 21 clips 17 are usable and 3 are not"):
        build(twenty, tmp_path / "out")


class LongerThanItIs(list):
    def __len__(self):
        return super().__len__() + 1


def test_no_such_folder(tmp_path):
    with pytest.raises(CorpusError, match="nowhere: no such folder"):
        build(tmp_path / "nowhere", tmp_path / "out")


def test_too_few_clips(tmp_path):
    folder = small_folder(tmp_path, ("file_name", "text"), [(f"{i}.wav", f"text {i}") for i in range(3)])
    with pytest.raises(CorpusError, match="3 usable clips are too few"):
        build(folder, tmp_path / "out")


def test_the_users_folder_is_never_written_to(twenty):
    with pytest.raises(CorpusError, match="nothing is written"):
        build(twenty, twenty / "corpus")
    assert not (twenty / "corpus").exists()


def test_source_files_are_the_metadata_and_the_clips_that_exist(twenty):
    (twenty / "c00.wav").unlink()
    files = source_files(str(twenty))
    assert files[0] == twenty / "metadata.csv" and len(files) == 20


def test_a_stereo_corpus_repeats_mono_and_keeps_left_and_right(twenty, tmp_path):
    manifest = build(twenty, tmp_path / "stereo", channels=2)
    mono = build(twenty, tmp_path / "mono")
    assert manifest.channels == 2 and mono.channels == 1 and manifest.corpus_hash != mono.corpus_hash
    assert [(clip.id, clip.split) for clip in manifest.clips] == [(clip.id, clip.split) for clip in mono.clips]
    sides = {}
    for clip in manifest.clips:
        audio = Corpus(tmp_path / "stereo" / "manifest.json").audio(clip)
        assert audio.shape == (2, round(16000 * clip.seconds))
        sides[clip.text] = bool(np.array_equal(*audio))
    assert sides == {f"sentence number {index}": index % 2 == 0 for index in range(20) if index not in (3, 8, 15)}


def test_a_folder_is_of_one_channel_or_two():
    spec = {"kind": "folder", "path": "mine", "sample_rate": 16000}
    assert [parse_corpus({**spec, **each}, "spec").channels for each in ({}, {"channels": 2})] == [1, 2]
    with pytest.raises(ConfigError, match="channels"):
        parse_corpus({**spec, "channels": 3}, "spec")
