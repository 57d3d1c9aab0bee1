import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from shared.config import ConfigError
from shared.corpora.build import build_corpus
from shared.corpora.config import parse_corpus
from shared.corpora.corpus import Corpus
from shared.corpora.hub import KNOWN, HubConfig, HubLayout, find_layout
from shared.corpora.manifest import CorpusError


def encoded(seed: int, rate: int = 24000, seconds: float = 0.5) -> bytes:
    buffer = io.BytesIO()
    audio = np.random.default_rng(seed).normal(0, 0.05, round(seconds * rate))
    soundfile.write(buffer, audio, rate, format="FLAC")
    return buffer.getvalue()


def write_split(path, layout, speakers, broken=(), text="text {} {}"):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = range(len(speakers))
    content = [b"broken" if i in broken else encoded(hash_of(path, i)) for i in rows]
    audio = [{"bytes": data, "path": f"clip{i}.flac"} for i, data in enumerate(content)]
    table = {
        layout.audio_column: pa.array(audio, pa.struct({"bytes": pa.binary(), "path": pa.string()})),
        layout.text_column or "name": [text.format(path.parent.name, i) for i in rows],
        layout.speaker_column or "author": speakers,
        "chapter_id": list(rows),
    }
    pq.write_table(pa.table(table), path)


def hash_of(path, index: int) -> int:
    return sum(path.parent.name.encode()) * 1000 + index


def local_copy(folder, layout, broken=(), turns=4, **texts):
    """A local dataset with the splits, subset and columns that `layout` says."""
    speakers = {layout.train: [1, 2, 3] * turns, layout.validation: [4, 5], layout.test: [6, 6, 7, 7]}
    card = ["---", "configs:", f"- config_name: {layout.subset or 'default'}", "  data_files:"]
    for split, names in speakers.items():
        if split:
            write_split(folder / split / "0.parquet", layout, names, broken if split == layout.train else (), **texts)
            card += [f"  - split: {split}", f"    path: {split}/*.parquet"]
    (folder / "README.md").write_text("\n".join([*card, "---", ""]))
    return layout.model_copy(update={"dataset": str(folder)})


@pytest.fixture
def offline(monkeypatch, tmp_path):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "SLEEP_TIME_ON_THREADS_SHUTDOWN", 0)
    datasets.disable_progress_bars()


def config(layout, **settings) -> HubConfig:
    spec = {"kind": "hub", "name": "test", "sample_rate": 16000, "layout": layout.model_dump(), **settings}
    return parse_corpus(spec, "spec")


def config_of(layout: dict) -> HubConfig:
    return parse_corpus({"kind": "hub", "name": "test", "sample_rate": 16000, "layout": layout}, "spec")


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("name", ["libritts", "librispeech"])
def test_known_corpora_keep_their_own_splits(tmp_path, offline, name, streaming):
    layout = local_copy(tmp_path / "data", KNOWN[name])
    manifest = build_corpus(config(layout, streaming=streaming), tmp_path / "out" / "manifest.json")
    assert [len(manifest.split(split)) for split in ("train", "validation", "test")] == [12, 2, 4]
    assert {clip.speaker for clip in manifest.split("test")} == {"6", "7"}
    assert all(clip.seen_speaker == (clip.speaker in "123") for clip in manifest.clips)
    assert len(Corpus(tmp_path / "out" / "manifest.json").audio(manifest.clips[0])) == 8000


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("audiocaps", "A dog barks. It rains in {} {}", "A dog barks. It rains in train 3"),
        ("clotho", "A dog in {} barks {} times. A dog is barking.", "A dog in train barks 3 times"),
    ],
)
def test_captioned_sounds_have_no_speakers(tmp_path, offline, name, text, expected):
    layout = local_copy(tmp_path / "data", KNOWN[name], text=text)
    manifest = build_corpus(config(layout, content="sound"), tmp_path / "out" / "manifest.json")
    assert [len(manifest.split(split)) for split in ("train", "validation", "test")] == [12, 2, 4]
    assert {clip.speaker for clip in manifest.clips} == {None} and all(clip.seen_speaker for clip in manifest.clips)
    assert expected in [clip.text for clip in manifest.clips]


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("name", ["fma", "song_describer", "musdb"])
def test_music_sets_are_cut_to_length_and_keep_their_channels(tmp_path, offline, name, streaming):
    layout = local_copy(tmp_path / "data", KNOWN[name], turns=8 if name == "musdb" else 4)
    settings = {"content": "sound", "channels": 2, "max_seconds": 0.4, "streaming": streaming, "validation_share": 0.25}
    manifest = build_corpus(config(layout, **settings), tmp_path / "out" / "manifest.json")
    # Of MUSDB the first of each five rows is the mixture.
    assert len(manifest.clips) == (5 if name == "musdb" else 12) and {clip.seconds for clip in manifest.clips} == {0.4}
    texts = {"music"} if name == "musdb" else {f"text train {index}" for index in range(12)}
    assert {clip.text for clip in manifest.clips} == texts and manifest.channels == 2
    assert Corpus(tmp_path / "out" / "manifest.json").audio(manifest.clips[0]).shape == (2, 6400)


def test_a_layout_has_a_column_or_a_text():
    for change in ({"text_column": None}, {"text": "music"}):
        with pytest.raises(ConfigError, match=r"text: give either a text_column or"):
            config_of({"dataset": "some/data", **change})


def test_captioned_sounds_are_no_speech_corpus(tmp_path):
    spec = {"kind": "hub", "name": "AudioCaps", "sample_rate": 16000}
    with pytest.raises(CorpusError, match="AudioCaps: captioned sounds without speakers, and content is not 'sound'"):
        build_corpus(parse_corpus(spec, "spec"), tmp_path / "manifest.json")


def test_a_corpus_with_one_split_is_split_by_share(tmp_path, offline):
    layout = local_copy(tmp_path / "data", KNOWN["vctk"])
    manifest = build_corpus(config(layout), tmp_path / "out" / "manifest.json")
    assert [len(manifest.split(split)) for split in ("train", "validation", "test")] == [9, 1, 2]


def test_a_local_dataset_by_name(tmp_path, offline):
    local_copy(
        tmp_path / "data", KNOWN["vctk"].model_copy(update={"validation": "validation", "test": "test"})
    )
    spec = {"kind": "hub", "name": str(tmp_path / "data"), "sample_rate": 16000}
    with pytest.raises(CorpusError, match="no column speaker; there are: audio, text, speaker_id"):
        build_corpus(parse_corpus(spec, "spec"), tmp_path / "out" / "manifest.json")


@pytest.mark.parametrize("streaming", [True, False])
def test_limit_draws_clips_by_seed(tmp_path, offline, streaming):
    layout = local_copy(tmp_path / "data", KNOWN["librispeech"])
    hashes = [
        build_corpus(
            config(layout, streaming=streaming, limit=4, seed=seed), tmp_path / str(index) / "manifest.json"
        )
        for index, seed in enumerate((0, 0, 1))
    ]
    assert len(hashes[0].split("train")) == 4
    assert hashes[0] == hashes[1] != hashes[2]


def test_broken_clips_are_named(tmp_path, offline, capsys):
    layout = local_copy(tmp_path / "data", KNOWN["librispeech"], broken=(1,))
    manifest = build_corpus(config(layout), tmp_path / "out" / "manifest.json")
    assert [item.file for item in manifest.rejected] == ["train.100/1/clip1.flac"]
    assert "1 of 18 clips are unusable" in capsys.readouterr().err


def test_names(tmp_path):
    assert find_layout(HubConfig(kind="hub", name="LibriTTS", sample_rate=24000)) == KNOWN["libritts"]
    assert find_layout(HubConfig(kind="hub", name="some/data", sample_rate=24000)).dataset == "some/data"
    for name in ("libris", "no/such/folder", "a b/c"):
        with pytest.raises(ValueError, match=rf"{name}: not a known corpus \(libritts, librispeech, vctk, audiocaps,"):
            HubConfig(kind="hub", name=name, sample_rate=24000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train": "train.9"}, "train.9"),
        ({"subset": "dirty"}, "dirty"),
        ({"dataset": "nowhere/at-all"}, "nowhere"),
    ],
)
def test_what_is_out_of_reach_is_one_line(tmp_path, offline, change, message):
    layout = local_copy(tmp_path / "data", KNOWN["librispeech"]).model_copy(update=change)
    with pytest.raises(CorpusError, match=message) as error:
        build_corpus(config(layout), tmp_path / "out" / "manifest.json")
    assert "not readable with `datasets`" in str(error.value) and "\n" not in str(error.value)


def dataset_of(folder, **columns):
    """A local dataset of one split."""
    folder.mkdir(parents=True)
    rows = len(next(iter(columns.values())))
    audio = [{"bytes": encoded(index), "path": f"clip{index}.flac"} for index in range(rows)]
    pq.write_table(pa.table({"audio": audio, "speaker": ["s"] * rows, **columns}), folder / "train.parquet")
    return HubLayout(dataset=str(folder), validation=None, test=None)


def build_of(tmp_path, streaming, most=1.0, **columns):
    layout = dataset_of(tmp_path / "data", **columns)
    settings = {"streaming": streaming, "max_rejected": most}
    return build_corpus(config(layout, **settings), tmp_path / "out" / "manifest.json")


TEXTS = [["one"], ["two", "zwei"], [], ["", "three"], None, ["four"], ["five"]]


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize(
    ("texts", "taken", "reasons"),
    [
        (TEXTS, {"one", "two", "three", "four", "five"}, {"empty transcript"}),
        ([1, 2, 3, 4, None], {"1", "2", "3", "4"}, {"empty transcript"}),
        ([0.5, 1.0, 2.0, 3.0, float("nan")], {"0.5", "1.0", "2.0", "3.0"}, {"empty transcript"}),
    ],
)
def test_texts_may_be_lists_or_numbers(tmp_path, offline, texts, taken, reasons, streaming):
    manifest = build_of(tmp_path, streaming, text=texts)
    assert {clip.text for clip in manifest.clips} == taken
    assert {item.reason for item in manifest.rejected} == reasons
    assert len(manifest.clips) + len(manifest.rejected) == len(texts)


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"text": [{"en": "hi"}] * 5}, "its text is a dict, not a text, a list of texts or a number"),
        ({"text": [[{"en": "hi"}]] * 5}, "its text is a list of dict, not of texts"),
        ({"text": [True] * 5}, "its text is a bool, not a text"),
        ({"text": ["hi"] * 5, "speaker": [["a"]] * 5}, "its speaker is a list, not a name or a number"),
        ({"text": ["hi"] * 5, "speaker": [None, "", " ", None, ""]}, "no speaker"),
    ],
)
def test_other_texts_and_speakers_are_rejected_by_name(tmp_path, offline, columns, reason, streaming):
    with pytest.raises(CorpusError, match=rf"5 of 5 clips are unusable(?s:.*)train/4/clip4\.flac: {reason}"):
        build_of(tmp_path, streaming, most=0.5, **columns)


def test_speakers_may_be_numbers(tmp_path, offline):
    manifest = build_of(tmp_path, True, text=list("abcde"), speaker=[1, 2, 1, 2, 0])
    assert {clip.speaker for clip in manifest.clips} == {"0", "1", "2"}


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize(
    ("audio", "kind"),
    [
        ([[0.1, 0.2]] * 5, r"List\(Value\('float64'\)\)"),
        ([{"array": [0.1], "path": "a", "sampling_rate": 16000}] * 5, "'array': List"),
        ([1] * 5, r"Value\('int64'\)"),
    ],
)
def test_a_column_that_is_no_audio_is_named_with_its_type(tmp_path, offline, audio, kind, streaming):
    with pytest.raises(CorpusError, match=rf"column audio is no audio \(files, as paths or bytes\) but .*{kind}"):
        build_of(tmp_path, streaming, text=list("abcde"), audio=audio)


@pytest.mark.parametrize("streaming", [True, False])
def test_audio_may_be_bytes_or_paths(tmp_path, offline, streaming):
    columns = {"bytes": [encoded(index) for index in range(5)], "paths": [str(tmp_path / "paths/data/a.flac")] * 5}
    for name, audio in columns.items():
        layout = dataset_of(tmp_path / name / "data", text=list("abcde"), audio=audio)
        (tmp_path / name / "data/a.flac").write_bytes(encoded(0))
        assert len(build_corpus(config(layout, streaming=streaming), tmp_path / name / "out/manifest.json").clips) == 5


def test_a_row_may_not_name_a_file_outside_its_dataset(tmp_path, offline):
    (tmp_path / "private.flac").write_bytes(encoded(0))
    (tmp_path / "data").mkdir()
    (tmp_path / "data/link.flac").symlink_to("../private.flac")
    paths = [str(tmp_path / "private.flac"), str(tmp_path / "data/link.flac"), str(tmp_path / "data/../private.flac")]
    (tmp_path / "data").rename(tmp_path / "links")
    layout = dataset_of(tmp_path / "data", text=list("abc"), audio=paths)
    (tmp_path / "links/link.flac").rename(tmp_path / "data/link.flac")
    with pytest.raises(CorpusError, match=r"3 of 3(?s:.*)train/2/.*: its audio lies outside the dataset, at "):
        build_corpus(config(layout), tmp_path / "out/manifest.json")
