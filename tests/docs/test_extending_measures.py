"""The metric, the relation and the measurement of docs/EXTENDING.md do what the page says, in a copy of the project."""

import json

import pytest

from tests.extending import Example, example, run_in

# What each section's example does, in one process, since importing the project takes most of the time.
CODE = """
import csv, json, sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip, store_audio, write_manifest
from shared.metrics.base import Setup
from shared.metrics.score import Cases, ScoreSpec, make_ready, score_clips, summarise, to_csv, wanted
from shared.plan.plan import Plan
from shared.plan.schema import Source
from shared.report.evidence import evidence
from shared.sampling.clips import GeneratedClip, clip_file, write_clips
from shared.statistics.catalogue import STATISTICS
from shared.statistics.claims import Claim, judge
from shared.statistics.scores import StudyScores, load_study
from tests.measurements.by_clip import run, write_corpus, write_weights
from tests.report.made_up import row

PATH = Path("replications/longcat/study.yaml")
TEXT = PATH.read_text()


def plan_of(settings):
    study = yaml.safe_load(TEXT)
    study["scales"]["smoke"] = {**study["scales"]["smoke"], "evaluation": settings["evaluation"] | {"clips": 4}}
    PATH.write_text(yaml.safe_dump(study))
    return Plan({"longcat": Source(PATH)}, "smoke", [0])


def metric(settings):
    plan = plan_of(settings)
    asked = next(job.spec["metrics"] for job in plan.jobs.values() if job.kind == "scores")
    assert asked == ["pesq", "crest_error"]
    sine = np.sin(np.arange(16000) / 20).astype(np.float32)
    stored = store_audio(Path("corpus"), "x", 0.5 * sine, 16000)
    clip = Clip(id="x", text="t", speaker="s", split="test", seen_speaker=True, **stored)
    write_manifest(Path("corpus/manifest.json"), 16000, [clip], [])
    made = GeneratedClip(id="x", file=clip_file("x"), text="t", reference="x", prompt=None, speaker="s")
    write_clips(Path("clips.json"), 16000, [(made, 0.5 * np.sign(sine))])
    spec = ScoreSpec(clips={}, metrics=["crest_error"])
    cases = Cases(Path("clips.json"), Corpus("corpus/manifest.json"))
    ready = make_ready(wanted(spec, cases), Setup(settings=spec))
    rows = score_clips(cases, ready, 0.1)
    return {"csv": to_csv(rows), "summary": summarise(rows, ready, 0), "shown": STATISTICS["crest_error"].label}


def relation(settings):
    claim = Claim(**settings)
    errors = np.array([[[4.0] * 20] * 2, [[1.0] * 20] * 2])  # (variants, seeds, clips)
    scores = StudyScores(["dim64", "dim128"], [0, 1], [f"c{n:02d}" for n in range(20)], groups=np.arange(20))
    scores.terms["generation", "wer"] = np.stack([errors, np.full_like(errors, 10.0)], axis=1)
    verdict = judge(claim, scores, "cpu")
    said = evidence(verdict, claim, [row("dim64", 0.4), row("dim128", 0.1)])
    return [verdict.verdict, verdict.margin, said]


def measurement(settings):
    plan = plan_of(settings)
    jobs = [job for job in plan.jobs.values() if job.kind == "latent_step"]
    assert jobs and all(set(job.inputs) == {"corpus", "corpora", "autoencoder"} for job in jobs)
    with pytest.MonkeyPatch.context() as patch:
        folder = Path("made-up").resolve()
        path = run("latent_step", write_corpus(folder), write_weights(folder), patch)
    clips = [each["id"] for each in csv.DictReader(path.open())]
    scores = folder / "scores.csv"
    scores.write_text("\\n".join(["id,pesq,reason", *(f"{clip},2.0," for clip in clips), ""]))
    latents = {"latent_step": {("a", 0): path}}
    study = load_study(["a"], [0], {("a", 0, "reconstruction"): scores}, None, latents=latents)
    return [len(jobs), path.name, len(clips), float(study.values("reconstruction", "latent_step")[0])]


settings = json.loads(sys.argv[1])
print(json.dumps([does(settings[does.__name__]) for does in (metric, relation, measurement)]))
"""
SECTIONS = ("metric", "relation", "measurement")


@pytest.fixture(scope="module")
def came(tmp_path_factory):
    """By section, what its example did; all in one copy of the project."""
    shown = [example(f"A {name}") for name in SECTIONS]
    folder = Example({path: text for each in shown for path, text in each.files.items()}, []).add_to(
        tmp_path_factory.mktemp("project")
    )
    settings = {name: only for name, each in zip(SECTIONS, shown, strict=True) for only in each.settings}
    assert [len(each.settings) for each in shown] == [1, 1, 1]
    found = json.loads(run_in(folder, CODE, json.dumps(settings)).splitlines()[-1])
    return dict(zip(SECTIONS, found, strict=True))


def test_no_section_rests_on_another():
    """They lie in one copy of the project here; a reader takes one."""
    modules = {
        name: [path.removesuffix(".py").replace("/", ".") for path in example(f"A {name}").files] for name in SECTIONS
    }
    for name in SECTIONS:
        text = "".join(example(f"A {name}").files.values())
        assert not [each for other in modules.keys() - {name} for each in modules[other] if each in text]


@pytest.mark.slow
def test_the_metric_is_planned_scored_and_shown(came):
    found = came["metric"]
    header, row = (line.split(",") for line in found["csv"].splitlines())
    # A sine's crest factor is 3.01 dB, that of a square 0.
    assert float(dict(zip(header, row, strict=True))["crest_error"]) == pytest.approx(3.01, abs=0.02)
    assert found["summary"]["crest_error"]["n"] == 1 and found["shown"] == "Crest error (dB)"


@pytest.mark.slow
def test_the_relation_is_judged_and_said(came):
    verdict, margin, said = came["relation"]
    assert (verdict, margin) == ("reproduced", pytest.approx(0.1))
    assert said.startswith("Generation WER 40 % on 64 and 10 % on 128; the margin is to half of the first; margin 10 ")


@pytest.mark.slow
def test_the_measurement_is_planned_made_and_read(came):
    jobs, name, clips, value = came["measurement"]
    assert (jobs, name, clips) == (5, "latent_step.csv", 3) and 0 < value < 4
