"""The workflow as a user types it, on a made-up source in a folder of its own, with stand-ins for heavy jobs."""

import shutil
import subprocess
import sys

import pytest
import yaml

from tests.generators.next_token_models import ask_for_exposure
from tests.workflow.project import ROOT, Project


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


TARGET = ("figures/toy_width.pdf", "--config", "scale=smoke")


@pytest.mark.slow
def test_the_whole_chain_and_what_reruns(project):
    done = project.run(*TARGET)
    assert done.returncode == 0, done.stdout
    assert "100%" in done.stdout and "Train a generator [toy dim64 seed 0" in done.stdout
    first = project.digest()
    for name in ("figures/toy_width.pdf", "results/smoke/toy/width.csv", "results/smoke/toy/width.md",
                 "results/smoke/toy/width.png", "results/smoke/toy/width_verdicts.csv",
                 "results/smoke/toy/scores/dim64_s0_generation.csv"):
        assert first[name], name
    assert (project.folder / "results/smoke/toy/width_provenance.json").exists()
    logs = [path.read_text() for path in (project.folder / "logs").rglob("*.log")]
    assert any("shared.training.generator: working" in log for log in logs)

    assert project.planned(*TARGET) == {}
    assert project.run(*TARGET, "--report", "report.html").returncode == 0
    assert "width.png" in (project.folder / "report.html").read_text()
    # Another study that shares a variant trains nothing anew; Table 4's kind of variant only samples.
    other = project.planned("figures/toy_pair.pdf", "--config", "scale=smoke")
    assert "train_generator" not in other and "train_autoencoder" not in other
    assert (other["sample"], other["score"]) == (1, 1)
    # Another seed trains that seed only.
    seeds = project.planned("figures/toy_width.pdf", "--config", "scale=smoke", "seeds=[0,1]")
    assert (seeds["train_autoencoder"], seeds["train_generator"]) == (2, 2)
    assert "train_recogniser" not in seeds
    # At another scale the same file is out of date.
    assert project.planned("figures/toy_width.pdf", "--config", "scale=cpu")["train_autoencoder"] == 2

    # A clone has the record and nothing else: it must train, not redraw the record. And it ends in the same bytes.
    for name in ("runs", "logs", "figures", ".snakemake"):
        shutil.rmtree(project.folder / name)
    assert project.planned(*TARGET)["train_generator"] == 2
    assert project.run(*TARGET).returncode == 0
    assert project.digest() == first


@pytest.mark.slow
def test_a_failed_job_stops_its_figure_and_the_next_run_goes_on(project):
    failed = project.run(*TARGET, FAIL_IN="shared.generators.sample")
    assert failed.returncode != 0
    assert "shared.generators.sample: made to fail" in failed.stdout
    assert not (project.folder / "figures/toy_width.pdf").exists()
    left = project.planned(*TARGET)
    assert "train_generator" not in left
    assert left["sample"] == 2


@pytest.mark.slow
def test_a_study_of_reconstructions_trains_neither_generators_nor_evaluators_that_it_does_not_use(project):
    study = yaml.safe_load(project.study_file.read_text())
    for scale in ("cpu", "smoke"):
        study["scales"][scale]["evaluators"] = {"speaker": {}}
        study["scales"][scale]["evaluation"] |= {"reconstruction": ["sim", "pesq"], "generation": []}
    study["studies"] = {"pair": {"title": "Pair", "variants": ["dim64", "dim256"]}}
    project.study_file.write_text(yaml.safe_dump(study))
    layout = project.study_file.with_name("figures.py")
    layout.write_text(layout.read_text().replace("generation", "reconstruction"))
    done = project.run("figures/toy_pair.pdf", "--config", "scale=smoke")
    assert done.returncode == 0, done.stdout
    made = {path.name for owner in ("shared", "toy") for path in (project.folder / "runs/smoke" / owner).iterdir()}
    assert made == {"corpus", "speaker", "autoencoder", "reconstructions", "scores", "studies"}
    assert "reconstruction" in (project.folder / "results/smoke/toy/pair.csv").read_text()
    assert not (project.folder / "results/smoke/toy/scores/ground_truth.csv").exists()


@pytest.mark.slow
def test_exposure_goes_from_the_generator_into_table_record_and_figure(project):
    study = yaml.safe_load(project.study_file.read_text())
    study["studies"] = {"pair": {"title": "Pair", "variants": ["dim64", "dim256"]}}
    ask_for_exposure(study)
    project.study_file.write_text(yaml.safe_dump(study))
    layout = "from shared.plotting.exposure import exposure_figure\n\ndef pair(table): return exposure_figure(table)\n"
    project.study_file.with_name("figures.py").write_text(layout)
    done = project.run("figures/toy_pair.pdf", "--config", "scale=smoke")
    assert done.returncode == 0, done.stdout
    record = project.folder / "results/smoke/toy"
    # Free-running grows by 0.2 a position from 0.2, teacher-forced stays at 0.1: 0.9 − 0.1.
    assert "dim256,256,,,generation,exposure,0.8,,,12,1" in (record / "pair.csv").read_text()
    assert (record / "scores/dim64_s0_exposure.csv").exists()
    assert project.planned("figures/toy_pair.pdf", "--config", "scale=smoke") == {}


ERRORS = {
    "figure": (["figures/nope.pdf"], "figures/nope.pdf: no such figure at scale cpu; there are: toy_pair, toy_width"),
    "scale": (["figures/toy_width.pdf", "--config", "scale=smok"], "scale: no 'smok'; did you mean 'smoke'?"),
    "option": (["figures/toy_width.pdf", "--config", "sale=cpu"], "--config: sale: unknown key; did you mean 'scale'?"),
    "seeds": (["--config", "seeds=one"], "--config: seeds.0: Input should be a valid integer"),
    "corpus": (["--config", "corpus=./nowhere"], "corpus: ./nowhere is not a folder"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_mistake_is_one_line_and_no_traceback(project, name):
    arguments, expected = ERRORS[name]
    done = project.run(*arguments)
    assert done.returncode != 0
    assert f"error: {expected}" in done.stdout
    assert "Traceback" not in done.stdout
    assert sum("error" in line.lower() for line in done.stdout.splitlines()) == 1


def test_a_typo_in_the_study_is_one_line(project):
    study = yaml.safe_load(project.study_file.read_text())
    study["scales"]["cpu"]["autoencoder"]["crop_secnds"] = 1
    project.study_file.write_text(yaml.safe_dump(study))
    done = project.run("figures/toy_width.pdf")
    assert done.returncode != 0
    line = next(line for line in done.stdout.splitlines() if line.startswith("error: "))
    assert "toy/study.yaml" in line and "crop_secnds: unknown key; did you mean 'crop_seconds'?" in line
    assert "Traceback" not in done.stdout


@pytest.mark.slow
def test_the_workflow_is_lint_clean():
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--lint"]
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert "good condition" in done.stdout, done.stdout
