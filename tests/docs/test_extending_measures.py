"""The metric, the relation and the measurement of docs/EXTENDING.md do what the page says, in a copy of the project."""

import json

import pytest

from tests.extending import example, run_in

STUDY = """
import json, sys
from pathlib import Path

import yaml

from shared.corpora.corpus import Corpus
from shared.plan.plan import Plan
from shared.plan.schema import Source

def plan_of(settings):
    path = Path("replications/longcat/study.yaml")
    study = yaml.safe_load(path.read_text())
    study["scales"]["smoke"] = {**study["scales"]["smoke"], "evaluation": settings["evaluation"] | {"clips": 4}}
    path.write_text(yaml.safe_dump(study))
    return Plan({"longcat": Source(path)}, "smoke", [0])

settings = json.loads(sys.argv[1])
"""

METRIC = STUDY + """
import numpy as np

from shared.corpora.manifest import Clip, store_audio, write_manifest
from shared.metrics.base import Setup
from shared.metrics.score import Cases, ScoreSpec, make_ready, score_clips, summarise, to_csv, wanted
from shared.sampling.clips import GeneratedClip, clip_file, write_clips
from shared.statistics.catalogue import STATISTICS

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
print(json.dumps({"csv": to_csv(rows), "summary": summarise(rows, ready, 0), "shown": STATISTICS["crest_error"].label}))
"""

RELATION = """
import json, sys

import numpy as np

from shared.report.evidence import evidence
from shared.statistics.claims import Claim, judge
from shared.statistics.scores import StudyScores
from tests.report.made_up import row

claim = Claim(**json.loads(sys.argv[1]))
errors = np.array([[[4.0] * 20] * 2, [[1.0] * 20] * 2])  # (variants, seeds, clips)
scores = StudyScores(["dim64", "dim128"], [0, 1], [f"c{n:02d}" for n in range(20)], groups=np.arange(20))
scores.terms["generation", "wer"] = np.stack([errors, np.full_like(errors, 10.0)], axis=1)
verdict = judge(claim, scores, "cpu")
print(json.dumps([verdict.verdict, verdict.margin, evidence(verdict, claim, [row("dim64", 0.4), row("dim128", 0.1)])]))
"""

MEASUREMENT = STUDY + """
import csv

import pytest

from shared.statistics.scores import load_study
from tests.measurements.by_clip import run, write_corpus, write_weights

plan = plan_of(settings)
jobs = [job for job in plan.jobs.values() if job.kind == "latent_step"]
assert jobs and all(set(job.inputs) == {"corpus", "corpora", "autoencoder"} for job in jobs)
with pytest.MonkeyPatch.context() as patch:
    folder = Path("made-up").resolve()
    path = run("latent_step", write_corpus(folder), write_weights(folder), patch)
clips = [each["id"] for each in csv.DictReader(path.open())]
scores = folder / "scores.csv"
scores.write_text("\\n".join(["id,pesq,reason", *(f"{clip},2.0," for clip in clips), ""]))
study = load_study(["a"], [0], {("a", 0, "reconstruction"): scores}, None, latents={"latent_step": {("a", 0): path}})
print(json.dumps([len(jobs), path.name, len(clips), float(study.values("reconstruction", "latent_step")[0])]))
"""


def last_line(output: str):
    return json.loads(output.splitlines()[-1])


@pytest.mark.slow
def test_the_metric_is_planned_scored_and_shown(tmp_path):
    shown = example("A metric")
    found = last_line(run_in(shown.add_to(tmp_path), METRIC, json.dumps(*shown.settings)))
    header, row = (line.split(",") for line in found["csv"].splitlines())
    # A sine's crest factor is 3.01 dB, that of a square 0.
    assert float(dict(zip(header, row, strict=True))["crest_error"]) == pytest.approx(3.01, abs=0.02)
    assert found["summary"]["crest_error"]["n"] == 1 and found["shown"] == "Crest error (dB)"


@pytest.mark.slow
def test_the_relation_is_judged_and_said(tmp_path):
    shown = example("A relation")
    verdict, margin, said = last_line(run_in(shown.add_to(tmp_path), RELATION, json.dumps(*shown.settings)))
    assert (verdict, margin) == ("reproduced", pytest.approx(0.1))
    assert said.startswith("Generation WER 40 % on 64 and 10 % on 128; the margin is to half of the first; margin 10 ")


@pytest.mark.slow
def test_the_measurement_is_planned_made_and_read(tmp_path):
    shown = example("A measurement")
    jobs, name, clips, value = last_line(run_in(shown.add_to(tmp_path), MEASUREMENT, json.dumps(*shown.settings)))
    assert (jobs, name, clips) == (5, "latent_step.csv", 3) and 0 < value < 4
