"""A record that grows by seeds on a machine that has none of its runs: what is in it is not trained again."""

import shutil
from pathlib import Path

import pytest

from shared.files import read_json, write_json
from shared.plan.plan import Plan
from shared.plan.schema import load_sources
from shared.record.kept import Run, keep_scores, kept_spec, read_runs, runs
from shared.record.manifest import write_manifest
from shared.record.origin import write_origin
from shared.record.table import to_csv
from shared.report.grow import Growth
from shared.seal import check_inputs, seal_folder
from tests.workflow.project import Project, jobs_of

SMOKE = "figures/toy_width.pdf", "--config", "scale=smoke"


@pytest.mark.slow
def test_a_failed_job_is_the_first_of_the_next_run_and_another_seed_trains_that_seed_alone(tmp_path):
    project = Project(tmp_path, ("dim64",))
    failed = project.run(*SMOKE, "seeds=0", FAIL_IN="shared.sampling.samples")
    assert failed.returncode != 0 and "shared.sampling.samples: made to fail" in failed.stdout
    assert not (project.folder / "figures/toy_width.pdf").exists()
    done = project.run(*SMOKE, "seeds=0")
    assert done.returncode == 0, done.stdout
    assert jobs_of(done)["sample"] == 1 and not {"train_generator", "train_autoencoder"} & {*jobs_of(done)}
    record = project.folder / "results/smoke/toy"
    first = {path.name: path.read_bytes() for path in (record / "scores/width").iterdir()}
    before = read_runs(record / "width_runs.csv")
    for name in ("runs", "logs", "figures", ".snakemake"):
        shutil.rmtree(project.folder / name)
    done = project.run(*SMOKE, "seeds=0,1")
    assert done.returncode == 0, done.stdout
    assert "4 results are taken from results/smoke" in done.stdout
    assert len(list(project.folder.glob("runs/smoke/toy/generator/*"))) == 1  # of seed 1
    now = {path.name: path.read_bytes() for path in (record / "scores/width").iterdir()}
    assert len(now) == len(first) + 2 and {name: now[name] for name in first} == first
    after = read_runs(record / "width_runs.csv")
    assert [run for run in after if run.seed != 1] == before and len(after) == len(before) + 2
    assert read_json(record / "width_provenance.json")["seeds"] == [0, 1]
    assert project.planned(*SMOKE, "seeds=0,1") == {}


@pytest.fixture
def plan_of(tmp_path, monkeypatch):
    """Makes a plan of the toy study with these seeds, whose record has seed 0; nothing lies under runs/."""
    monkeypatch.chdir(tmp_path)
    Project(tmp_path)
    sources = load_sources(Path("replications"))
    plan = Plan(sources, "smoke", [0])
    spec = plan.study_spec("toy", "width")
    scores = dict.fromkeys([*spec.score_files().values(), spec.ground_truth], "id,sim,reason\nx,0.5,\n")
    for path, text in {**scores, **dict.fromkeys(spec.ladders, "statistic,faults\nsim,\n")}.items():
        path.parent.mkdir(parents=True)
        path.write_text(text)
        write_origin(path, plan.job("toy", path.parent.parent.name, path.parent.name).code)
        seal_folder([path])
    record = tmp_path / "results/smoke/toy"
    keep_scores(spec, record / "scores/width")
    write_json(record / "width_study.json", kept_spec(spec).model_dump(mode="json"))
    origins = {}
    for job in plan.jobs.values():
        origins.setdefault(job.kind, []).append({"code_hash": job.code, "jobs": 1})
    write_json(record / "width_provenance.json", {"metrics": {"generation": {"sim": {"n": 1}}}, "origins": origins})
    (record / "width_runs.csv").write_text(to_csv(runs(spec), Run))
    write_manifest(record, "width")
    shutil.rmtree("runs")
    return lambda seeds: Plan(sources, "smoke", seeds)


def scoring(plan, seed):
    return [job for job in plan.jobs.values() if job.kind == "scores" and f"seed{seed}" in job.key]


def test_results_come_back_where_more_seeds_are_asked_for_and_are_sealed(plan_of):
    plan = plan_of([0, 1])
    growth = Growth(plan)
    taken = [job for job in scoring(plan, 0) if "cfg" not in job.label]
    assert all(growth.takes(job) for job in taken[:4]) and not any(growth.takes(job) for job in scoring(plan, 1))
    outputs = [Path(job.output) for job in taken[:4]]
    check_inputs(outputs)
    assert {path.read_text() for path in outputs} == {"id,sim,reason\nx,0.5,\n"}
    assert [read_json(path.with_suffix(".json")) for path in outputs if path.with_suffix(".json").exists()] == [
        {"sim": {"n": 1}}
    ]
    assert Growth(plan_of([0])).takes(taken[0])  # it stays the record's when nothing is left to be added


def test_without_more_seeds_nothing_is_taken(plan_of):
    plan = plan_of([0])
    assert not any(Growth(plan).takes(job) for job in scoring(plan, 0))
    assert not Path("runs").exists()


def test_other_code_runs_again_and_a_line_says_so(plan_of, capsys):
    plan = plan_of([0, 1])
    job = scoring(plan, 0)[0]
    assert Growth(plan).takes(job)
    job.code = "other"
    assert not Growth(plan).takes(job)
    assert f"{job.label}: scores in the record are of other code, and are made again" in capsys.readouterr().err
    assert not Path(job.output).exists()


def test_other_code_of_what_a_result_rests_on_runs_again(plan_of, capsys):
    plan = plan_of([0, 1])
    job = next(each for each in scoring(plan, 0) if "generation" in each.key)
    for each in plan.upstream(job):
        if each.kind == "autoencoder":
            each.code = "other"
    assert not Growth(plan).takes(job)
    assert "autoencoder in the record are of other code" in capsys.readouterr().err
    assert {each.kind for each in plan.upstream(job)} >= {"corpus", "autoencoder", "latents", "generator", "samples"}


def test_a_damaged_record_gives_nothing(plan_of):
    plan = plan_of([0, 1])
    next(Path("results/smoke/toy/scores/width").glob("*_s0_generation.csv")).write_text("id,sim,reason\nx,0.9,\n")
    with pytest.raises(SystemExit, match="changed since it was recorded"):
        Growth(plan).takes(scoring(plan, 0)[0])
