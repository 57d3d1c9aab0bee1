"""The scoring job, with stand-ins for the models."""

import csv
import io
import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest

from shared.config import ConfigError, parse
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip, store_audio, write_manifest
from shared.metrics import pesq, score
from shared.metrics.base import Setup, channels_problem, find_metric, metrics, modules_of
from shared.metrics.embeddings import EMBEDDINGS, read_embeddings
from shared.metrics.lsd import Lsd
from shared.metrics.score import Cases, ScoreSpec, make_ready, score_clips, summarise, to_csv, wanted
from shared.sampling.clips import GeneratedClip, clip_file, write_clips

RATE = 16_000
MODELS = {"clips": {"seed": 3}, "models": {"asr": {}, "speaker": {}, "clap": {}}, "dnsmos_windows": 1}
STEREO_ONLY = ["stereo_correlation", "level_difference_error"]
PATHS = {"asr": "r", "speaker": "s", "clap": "a"}


class Parrot:
    """A recogniser that always hears the same."""

    name, weights_sha256, sample_rate = "parrot", "0" * 64, RATE

    def __init__(self, reference: str):
        self.reference = reference

    def transcribe(self, clip, sample_rate):
        return "Move red box."


class Spectrum:
    """A speaker embedder whose voice is the spectrum's envelope."""

    name, weights_sha256, sample_rate = "spectrum", "1" * 64, RATE
    calls = 0

    def __init__(self, reference: str):
        self.reference = reference

    def embed(self, clip, sample_rate):
        Spectrum.calls += 1
        return np.abs(np.fft.rfft(clip, 64 * 1024))[:32768].reshape(64, -1).mean(1)


class Loudness:
    """An audio-text embedder that tells quiet from loud."""

    name, weights_sha256, sample_rate = "loudness", "2" * 64, RATE

    def __init__(self, reference: str):
        self.reference = reference

    def embed_audio(self, clip, sample_rate):
        loud = np.abs(clip).max()
        return np.array([loud, 1 - loud], dtype=np.float32)

    def embed_text(self, text):
        return np.array([1.0, 0.0]) if "red" in text else np.array([0.0, 1.0])


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch):
    monkeypatch.setattr("shared.evaluators.clap.ClapEmbedder", Loudness)
    monkeypatch.setattr("shared.evaluators.asr.load_recogniser", Parrot)
    monkeypatch.setattr("shared.evaluators.speaker.SpeakerEmbedder", Spectrum)


@pytest.fixture
def corpus(tmp_path, speech):
    """A manifest of three clips by two speakers."""
    folder = tmp_path / "corpus"
    clips = []
    for index, (speaker, text) in enumerate((("ann", "move red box"), ("ann", "go home"), ("bob", "take it"))):
        stored = store_audio(folder, f"c{index}", np.roll(speech, 100 * index), RATE)
        clips.append(
            Clip(id=f"c{index}", text=text, speaker=speaker, split="test", seen_speaker=speaker == "ann", **stored)
        )
    write_manifest(folder / "manifest.json", RATE, clips, [])
    return folder / "manifest.json"


def write(path, entries, rate=RATE):
    """Clips of `(id, reference, prompt, audio)`."""
    texts = {"c0": "move red box", "c1": "go home", "c2": "take it"}
    items = [
        (
            GeneratedClip(
                id=identity,
                file=clip_file(identity),
                text=texts.get(identity, "?"),
                reference=reference,
                prompt=prompt,
                speaker="ann",
            ),
            audio,
        )
        for identity, reference, prompt, audio in entries
    ]
    write_clips(path, rate, items)
    return path


def run(corpus, clips, names):
    """Rows and summary of a scoring job."""
    spec = parse(ScoreSpec, {**MODELS, "metrics": names}, "spec")
    cases = Cases(clips, Corpus(corpus))
    ready = make_ready(wanted(spec, cases), Setup(PATHS, spec, 1, corpus))
    rows = score_clips(cases, ready, spec.length_tolerance)
    return rows, summarise(rows, ready, spec.clips.get("seed"), cases.clip_set.channels == 2)


def test_a_reconstruction_is_compared_with_its_reference(tmp_path, corpus, speech):
    clips = write(tmp_path / "clips.json", [("c0", "c0", None, speech)])
    (row,), summary = run(corpus, clips, ["si_sdr", "wer", "sim", "pesq", "stoi"])
    assert (row["words"], row["word_errors"], row["hypothesis"]) == (3, 0, "move red box")
    assert row["sim"] == pytest.approx(1, abs=1e-4) and row["pesq"] > 4.5 and row["stoi"] > 0.999
    assert row["seen_speaker"] is True and row["reason"] == ""
    assert summary["wer"]["n"] == 1 and summary["wer"]["seed"] == 3 and summary["wer"]["embedder"] == "parrot"


def test_a_sample_is_compared_with_its_prompt_only(tmp_path, corpus, speech):
    clips = write(tmp_path / "clips.json", [("c1", None, "c0", speech), ("c2", None, "c0", speech[::-1])])
    Spectrum.calls = 0
    rows, summary = run(corpus, clips, ["wer", "sim", "pesq", "mel_distance"])
    assert set(summary) == {"wer", "sim"}, "metrics that need a reference have no column"
    assert rows[0]["sim"] == pytest.approx(1, abs=1e-4)
    assert Spectrum.calls == 3, "a prompt is embedded once"
    assert [row["seen_speaker"] for row in rows] == [True, False]


def test_only_what_follows_a_prefix_is_compared_with_its_voice(tmp_path, corpus, speech):
    half = len(speech) // 2
    begun = np.concatenate([np.zeros(half, dtype=np.float32), speech[:half]])
    entry = {"id": "c0", "file": clip_file("c0"), "text": "move red box", "reference": None, "speaker": "ann"}
    clip = GeneratedClip(**entry, prompt="c0", prefix_seconds=half / RATE)
    write_clips(tmp_path / "clips.json", RATE, [(clip, begun)])
    (row,), _ = run(corpus, tmp_path / "clips.json", ["sim"])
    assert row["sim"] == pytest.approx(1, abs=1e-4)
    write_clips(tmp_path / "clips.json", RATE, [(clip, begun[:half])])
    (row,), _ = run(corpus, tmp_path / "clips.json", ["sim"])
    assert math.isnan(row["sim"]) and "empty" in row["reason"]


def test_silence_has_no_voice(tmp_path, corpus, speech):
    clips = write(tmp_path / "clips.json", [("c0", None, "c1", np.zeros_like(speech)), ("c1", None, "c0", speech)])
    rows, summary = run(corpus, clips, ["sim"])
    assert rows[0]["reason"] == "sim: the clip is silent" and rows[1]["sim"] > 0.9
    assert (summary["sim"]["n"], summary["sim"]["n_failed"]) == (1, 1)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_not_finite_is_none_and_says_so(tmp_path, corpus, speech, monkeypatch, value):
    monkeypatch.setattr(Lsd, "function", staticmethod(lambda reference, clip, rate: value))
    (row,), summary = run(corpus, write(tmp_path / "clips.json", [("c0", "c0", None, speech)]), ["lsd"])
    assert math.isnan(row["lsd"]) and row["reason"] == "lsd: the value is not finite" and summary["lsd"]["n"] == 0


def test_a_failure_is_nan_with_its_reason_and_is_counted(tmp_path, corpus, speech):
    silent = np.zeros_like(speech)
    clips = write(tmp_path / "clips.json", [("c0", "c0", None, speech), ("c1", "c1", None, silent)])
    rows, summary = run(corpus, clips, ["pesq", "dnsmos"])
    assert math.isnan(rows[1]["pesq"]) and all(math.isnan(rows[1][name]) for name in find_metric("dnsmos").columns)
    assert rows[1]["reason"].startswith("pesq: the clip is silent; dnsmos: ")
    assert (summary["pesq"]["n"], summary["pesq"]["n_failed"]) == (1, 1)
    assert summary["dnsmos"]["level_dbov"] == -26 and "level_dbov" not in summary["pesq"]
    cells = list(csv.DictReader(io.StringIO(to_csv(rows))))
    assert cells[1]["pesq"] == "" and float(cells[0]["pesq"]) == rows[0]["pesq"]


def test_a_death_of_native_code_is_named_and_the_next_clip_goes_on(tmp_path, corpus, speech, monkeypatch):
    guarded = pesq._guarded

    def dies_of_quiet(native, reference, clip):
        return guarded(native, reference, clip) if np.abs(clip).max() > 0.1 else guarded(os._exit, 3)

    monkeypatch.setattr(pesq, "_guarded", dies_of_quiet)
    entries = [("c0", "c0", None, speech), ("c1", "c1", None, 0.1 * speech), ("c2", "c2", None, speech)]
    rows, summary = run(corpus, write(tmp_path / "clips.json", entries), ["pesq", "lsd"])
    assert [math.isnan(row["pesq"]) for row in rows] == [False, True, False] and rows[1]["lsd"] > 0
    assert rows[1]["reason"] == "pesq: pesq's native code ended its process (status 3)"
    assert (summary["pesq"]["n"], summary["pesq"]["n_failed"]) == (2, 1)


def test_a_clip_is_compared_with_its_text(tmp_path, corpus, speech):
    loud = speech / np.abs(speech).max()
    clips = write(tmp_path / "clips.json", [("c0", None, "c1", loud), ("c1", None, "c0", loud)])
    (red, home), summary = run(corpus, clips, ["text_similarity"])
    assert red["text_similarity"] == pytest.approx(1, abs=1e-4)
    assert home["text_similarity"] == pytest.approx(0, abs=0.01)
    assert (summary["text_similarity"]["embedder"], summary["text_similarity"]["n"]) == ("loudness", 2)


@pytest.mark.parametrize("names", [["kad"], ["fad"], ["kad", "fad", "stoi"]])
def test_a_set_metric_keeps_embeddings(tmp_path, corpus, speech, names, monkeypatch):
    clips = write(tmp_path / "clips.json", [("c0", "c0", None, speech), ("c1", "c1", None, np.zeros(0))])
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({**MODELS, "metrics": names}))
    files = {"spec": spec, "corpus": corpus, "clips": clips, "output": tmp_path / "scores.csv", "clap": "a"}
    monkeypatch.setattr(sys, "argv", ["score", *(part for k, v in files.items() for part in (f"--{k}", str(v)))])
    score.main()
    embeddings = read_embeddings(tmp_path / EMBEDDINGS, ["c0", "c1"])
    assert embeddings[0, 0] == pytest.approx(np.abs(speech).max(), abs=1e-3) and np.isnan(embeddings[1]).all()
    summary = json.loads((tmp_path / "scores.json").read_text())[names[0]]
    assert (summary["embedder"], summary["n"], summary["n_failed"]) == ("loudness", 1, 1)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "scores.csv").read_text())))
    assert f"{names[0]}: the clip is empty" in rows[1]["reason"] and names[0] not in rows[0]


def test_an_empty_clip_counts_as_words_missed(tmp_path, corpus, monkeypatch):
    monkeypatch.setattr(Parrot, "transcribe", lambda self, clip, rate: "")
    clips = write(tmp_path / "clips.json", [("c0", None, "c1", np.zeros(0))])
    (row,), _ = run(corpus, clips, ["wer", "sim"])
    assert (row["words"], row["word_errors"]) == (3, 3)
    assert math.isnan(row["sim"]) and "empty" in row["reason"]


def test_a_length_mismatch_is_reported_and_still_measured(tmp_path, corpus, speech):
    clips = write(tmp_path / "clips.json", [("c0", "c0", None, speech[: len(speech) - 4000])])
    (row,), _ = run(corpus, clips, ["stoi"])
    assert row["stoi"] > 0.99 and row["reason"] == "length: clip is 0.250 s shorter than its reference: trimmed"


def test_utmos_out_of_reach_is_not_available(tmp_path, corpus, speech):
    clips = write(tmp_path / "clips.json", [("c0", None, "c1", speech)])
    ready = make_ready([find_metric("utmos")], Setup({"utmos": str(tmp_path / "none")}))
    rows = score_clips(Cases(clips, Corpus(corpus)), ready, 0.1)
    assert math.isnan(rows[0]["utmos"]) and rows[0]["reason"].startswith("utmos: not available: ")
    summary = summarise(rows, ready, None)["utmos"]
    assert summary["unavailable"] and summary["level_dbov"] == -26


def test_a_defect_is_not_swallowed(tmp_path, corpus, speech, monkeypatch):
    def broken(self, clip, rate):
        raise RuntimeError("defect")

    monkeypatch.setattr(Parrot, "transcribe", broken)
    clips = write(tmp_path / "clips.json", [("c0", None, "c1", speech)])
    with pytest.raises(RuntimeError, match="defect"):
        run(corpus, clips, ["wer"])


@pytest.mark.parametrize(
    ("entry", "rate", "message"),
    [
        (("zz", None, "c0"), RATE, "clip zz is not in"),
        (("c0", None, "zz"), RATE, "clip zz is not in"),
        (("c0", None, "c1"), 24_000, "24000 Hz, the corpus at 16000 Hz"),
    ],
)
def test_clips_of_another_corpus_are_one_line(tmp_path, corpus, speech, entry, rate, message):
    clips = write(tmp_path / "clips.json", [(*entry, speech)], rate)
    with pytest.raises(ConfigError, match=message):
        run(corpus, clips, ["sim"])


@pytest.mark.parametrize(
    "change", [{"metrics": ["wre"]}, {"metrics": []}, {"metrics": ["utmos"]}, {"metrics": ["wer"], "extra": 1}]
)
def test_a_wrong_spec_is_an_error(change):
    with pytest.raises(ConfigError):
        parse(ScoreSpec, {**MODELS, **change}, "spec.json")


def test_a_metric_without_its_model_names_the_option():
    with pytest.raises(ConfigError, match="metrics has wer, which needs --asr"):
        make_ready([find_metric("wer")], Setup())
    with pytest.raises(ConfigError, match=r"metrics has wer, which needs models\.asr"):
        parse(ScoreSpec, {"clips": {}, "metrics": ["wer"]}, "spec")


def test_every_metric_is_called_as_its_module_and_fills_columns_that_no_other_fills():
    assert modules_of(each.name for each in metrics()) == {each.__module__ for each in metrics()}
    columns = [column for each in metrics() for column in each.columns]
    assert len(columns) == len(set(columns)) and all(each.columns or each.of_set for each in metrics())
    for each in metrics():
        assert each.of_set or set().union(*(shown.columns() for shown in each.statistics)) <= set(each.columns)


def test_a_name_that_is_near_a_metrics_is_asked_for():
    with pytest.raises(ConfigError, match="no metric 'pesk'; did you mean 'pesq'"):
        find_metric("pesk")


def test_plans_know_all_metrics_without_torch():
    code = "import sys; from shared.metrics.base import metrics; metrics(); print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "'shared.metrics.wer'" in loaded
    assert not [name for name in ("torch", "librosa", "transformers", "pesq") if f"'{name}'" in loaded]


def test_the_job_writes_table_and_provenance(tmp_path, corpus, speech, monkeypatch):
    clips = write(tmp_path / "clips.json", [("c0", "c0", None, speech)])
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({**MODELS, "metrics": ["stoi", "wer"]}))
    output = tmp_path / "scores.csv"
    files = {"spec": spec, "corpus": corpus, "clips": clips, "output": output, "asr": "r"}
    monkeypatch.setattr(sys, "argv", ["score", *(part for k, v in files.items() for part in (f"--{k}", str(v)))])
    score.main()
    header = output.read_text().splitlines()[0]
    assert header == (
        "id,speaker,seen_speaker,words,word_errors,characters,character_errors,hypothesis,text,stoi,reason"
    )
    summary = json.loads((tmp_path / "scores.json").read_text())
    assert set(summary["stoi"]) == {"estimator", "embedder", "weights_sha256", "sample_rate", "n", "n_failed", "seed"}


def test_the_rate_of_a_reconstruction_is_what_it_noted_and_others_have_none(tmp_path, corpus, speech):
    noted = GeneratedClip(id="c0", file=clip_file("c0"), text="?", reference="c0", prompt=None, speaker="ann")
    noted = noted.model_copy(update={"kl": 40.0, "kbps": 2.3})
    bare = noted.model_copy(update={"id": "c1", "file": clip_file("c1"), "kl": None, "kbps": None})
    write_clips(tmp_path / "clips.json", RATE, [(noted, speech), (bare, speech)])
    (first, second), summary = run(corpus, tmp_path / "clips.json", ["rate"])
    assert (first["kl"], first["kbps"]) == (40.0, 2.3)
    assert math.isnan(second["kl"]) and "not a reconstruction" in second["reason"]
    assert (summary["rate"]["n"], summary["rate"]["n_failed"]) == (1, 1)


@pytest.fixture
def stereo(tmp_path, speech):
    """A manifest with one stereo clip, and its samples, `(2, time)`."""
    audio = np.stack([speech, 0.5 * np.roll(speech, 300)])
    stored = store_audio(tmp_path / "stereo", "c0", audio, RATE)
    clip = Clip(id="c0", text="red", speaker=None, split="test", seen_speaker=True, **stored)
    write_manifest(tmp_path / "stereo/manifest.json", RATE, [clip], [], channels=2)
    return tmp_path / "stereo/manifest.json", audio


def test_distances_of_stereo_are_the_mean_over_channels(tmp_path, stereo):
    manifest, audio = stereo
    made = audio + 0.01 * np.random.default_rng(0).standard_normal(audio.shape).astype(np.float32)
    clips = write(tmp_path / "clips.json", [("c0", "c0", None, made)])
    names = ["mel_distance", "lsd", "si_sdr", "mel_log1p"]
    (row,), summary = run(manifest, clips, names)
    for name in names:
        each = [find_metric(name).function(*pair, RATE) for pair in zip(audio, made, strict=True)]
        assert row[name] == pytest.approx(np.mean(each), rel=2e-3) and abs(each[0] - each[1]) > 1e-4
        assert summary[name]["stereo"] == "mean over the channels"


def test_metrics_of_stereo_alone_compare_left_and_right(tmp_path, stereo):
    manifest, audio = stereo
    narrow = np.stack([audio[0], audio[0]])
    clips = write(tmp_path / "clips.json", [("c0", "c0", None, narrow)])
    (row,), _ = run(manifest, clips, STEREO_ONLY)
    assert row["stereo_correlation"] < 0.9 and row["level_difference_error"] > 3
    clips = write(tmp_path / "clips.json", [("c0", "c0", None, audio)])
    (row,), _ = run(manifest, clips, STEREO_ONLY)
    assert row["stereo_correlation"] == pytest.approx(1, abs=1e-3) and row["level_difference_error"] < 0.1


def test_the_clap_model_hears_the_mean_of_the_channels(tmp_path, stereo):
    manifest, _ = stereo
    half = np.stack([np.full(RATE, 0.5, np.float32), np.zeros(RATE, np.float32)])
    clips = write(tmp_path / "clips.json", [("c0", None, None, half)])
    (row,), summary = run(manifest, clips, ["text_similarity"])
    # A quarter is heard: [loud, 1 - loud] beside [1, 0], as the text has "red".
    assert row["text_similarity"] == pytest.approx(0.25 / np.hypot(0.25, 0.75), abs=1e-3)
    assert "the channels' mean" in summary["text_similarity"]["stereo"]


def test_what_does_not_go_with_the_channels_is_refused(tmp_path, stereo, corpus, speech):
    manifest, audio = stereo
    clips = write(tmp_path / "clips.json", [("c0", "c0", None, audio)])
    with pytest.raises(ConfigError, match="metrics has sim, pesq: of one channel alone, and the corpus has"):
        run(manifest, clips, ["pesq", "lsd", "sim"])
    with pytest.raises(ConfigError, match="the channels of the clips are 2, of the corpus 1"):
        run(corpus, clips, ["lsd"])
    clips = write(tmp_path / "clips.json", [("c0", "c0", None, speech)])
    with pytest.raises(ConfigError, match="metrics has stereo_correlation: of stereo alone"):
        run(corpus, clips, ["stereo_correlation"])
    with pytest.raises(ConfigError, match="only music that was made here has notes"):
        run(corpus, clips, ["chroma"])


def test_every_metric_is_of_one_channel_or_says_what_it_makes_of_two():
    of_voices = {"wer", "phonemes", "sim", "resemblyzer", "pesq", "visqol", "stoi", "dnsmos", "distillmos", "utmos"}
    mono = of_voices | {"pitch", "pitch_error", "voicing"}
    assert mono == {each.name for each in metrics() if each.stereo is None}
    assert [each.name for each in metrics() if each.stereo_only] == STEREO_ONLY
    stereo = [each.name for each in metrics() if each.stereo]
    assert channels_problem(stereo, 2) is channels_problem(mono, 1) is None


def test_scores_of_mono_say_nothing_of_stereo(tmp_path, corpus, speech):
    _, summary = run(corpus, write(tmp_path / "clips.json", [("c0", "c0", None, speech)]), ["lsd"])
    assert "stereo" not in summary["lsd"]
