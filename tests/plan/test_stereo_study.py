"""A stereo study from its corpus to scores and MP3s, and what its config can get wrong."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from shared.audio.io import read_audio
from shared.config import ConfigError
from shared.plan.clips_spec import clips_spec
from shared.plan.plan import Plan
from shared.record.keep_clips import keep_clips
from shared.sampling.clips import load_audio, load_clips
from tests.plan.chain import CLIPS, GENERATION, RATE, RECONSTRUCTION, SECONDS, make_study, run_jobs, write_source

STEREO = ("stereo_correlation", "level_difference_error", "chroma")


def stereo_study() -> dict:
    """The tiny study in stereo, with all that is of stereo alone."""
    study = make_study(2)
    config = study["scales"]["smoke"]
    config["autoencoder"]["reconstruction"]["stereo"] = "both"
    config["evaluation"] |= {"reconstruction": [*RECONSTRUCTION, *STEREO], "generation": [*GENERATION, "chroma"]}
    return study


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """The plan, all of whose jobs have run in the current folder."""
    folder = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        plan = Plan({"toy": write_source(folder, stereo_study())}, "smoke")
        run_jobs(plan, patch)
        yield plan


def test_every_clip_of_the_chain_is_stereo_and_has_its_scores(plan):
    (point,) = plan.points["toy", "fig"]
    jobs = {**point.scores[0], "ground truth": point.ground_truth}
    rows = {side: list(csv.DictReader(Path(job.output).read_text().splitlines())) for side, job in jobs.items()}
    for side, job in jobs.items():
        made = load_clips(job.inputs["clips"])
        assert made.channels == 2 and len(made.clips) == len(rows[side]) == CLIPS
        for clip in made.clips:
            audio = load_audio(job.inputs["clips"], made, clip)
            assert audio.shape[0] == 2 and abs(audio.shape[1] - SECONDS * RATE) <= 256 and (audio[0] != audio[1]).any()
        assert not any(row["reason"] for row in rows[side]), rows[side]
    columns = {"reconstruction": (*RECONSTRUCTION[:3], *STEREO, "kl", "mel_log1p"), "generation": ("text_similarity",)}
    for side, names in columns.items():
        assert np.isfinite([[float(row[name]) for name in (*names, "chroma")] for row in rows[side]]).all()
    # What is recorded plays its notes; what two steps of training make does not.
    chroma = {side: np.mean([float(row["chroma"]) for row in found]) for side, found in rows.items()}
    assert chroma["ground truth"] > 0.4 > chroma["generation"]


def test_scores_say_what_they_make_of_two_channels(plan):
    (point,) = plan.points["toy", "fig"]
    summary = json.loads(Path(point.scores[0]["reconstruction"].output).with_suffix(".json").read_text())
    assert summary["lsd"]["stereo"] == "mean over the channels" and "left and right" in summary[STEREO[0]]["stereo"]
    assert "the channels' mean" in summary["kad"]["stereo"]


def test_what_is_kept_to_be_heard_is_stereo(plan, tmp_path):
    kept = keep_clips(clips_spec(plan, "toy", "fig"), tmp_path)
    assert len(kept) == 6
    for clip in kept:
        audio, rate = read_audio(tmp_path / clip.file)
        assert audio.shape[1] == 2 and rate == RATE and clip.seconds == pytest.approx(SECONDS, abs=0.02)


def _set(path, value):
    def change(config):
        *parents, last = path.split("/")
        for part in parents:
            config = config[part]
        config[last] = value

    return change


FOLDER = {"kind": "folder", "path": "x", "content": "sound", "sample_rate": RATE}
SOUND = {"kind": "sound", "sample_rate": RATE, "seconds": 1.0, "events": 1, "clips": 96, "validation": 8, "test": 24}


@pytest.mark.parametrize(
    ("channels", "change", "message"),
    [
        (2, _set("corpus/channels", 1), r"architecture\.audio_channels is 2, and corpus\.channels is 1 \(kind music\)"),
        (1, _set("corpus/channels", 2), r"audio_channels is 1, and corpus\.channels is 2"),
        (2, _set("corpus", FOLDER), r"audio_channels is 2, and corpus\.channels is 1 \(kind folder\)"),
        (2, _set("corpus", SOUND), r"audio_channels is 2, and corpus\.channels is 1 \(kind sound\): both must be"),
        (2, _set("autoencoder_corpora", [SOUND]), r"audio_channels is 2, and autoencoder_corpora\.0\.channels is 1"),
        (2, _set("autoencoder/architecture/audio_channels", 3), r"audio_channels is 3, and corpus\.channels is 2"),
        (1, _set("autoencoder/reconstruction/stereo", "both"), r"reconstruction\.stereo is of stereo"),
        (2, _set("evaluation/reconstruction", ["lsd", "stoi", "pesq"]), "asks for pesq, stoi: of one channel alone"),
        (2, _set("evaluation/generation", ["dnsmos", "kad"]), "asks for dnsmos: of one channel alone"),
        (1, _set("evaluation/reconstruction", ["stereo_correlation"]), "asks for stereo_correlation: of stereo alone"),
        (1, _set("corpus", FOLDER), None),
        (2, _set("corpus", FOLDER | {"channels": 2}), None),
    ],
)
def test_channels_that_do_not_agree_are_an_error_before_any_job(tmp_path, channels, change, message):
    study = make_study(channels)
    change(study["scales"]["smoke"])
    if message is None:
        assert write_source(tmp_path, study).resolve("one", "smoke").corpus.kind == "folder"
        return
    with pytest.raises(ConfigError, match=message):
        write_source(tmp_path, study)


def test_chroma_is_of_corpora_with_notes(tmp_path):
    study = make_study(1)
    study["scales"]["smoke"]["evaluation"]["generation"] = ["chroma"]
    write_source(tmp_path, study)
    study["scales"]["smoke"]["corpus"] = FOLDER
    with pytest.raises(ConfigError, match="asks for chroma: a corpus of kind folder has no notes"):
        write_source(tmp_path, study)


def test_a_users_folder_in_place_of_a_stereo_corpus_is_stereo(tmp_path):
    study = make_study(2)
    config = write_source(tmp_path, study).resolve("one", "smoke", corpus={"kind": "folder", "path": "x"})
    assert config.corpus.channels == config.autoencoder.architecture.audio_channels == 2
