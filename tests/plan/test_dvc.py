"""dvc.yaml and the Snakefile draw the same figures from the same folders."""

from pathlib import Path

import yaml

from shared.plan import dvc
from shared.plan.plan import Plan
from shared.plan.schema import load_sources
from shared.plan.workflow import load_plan, load_settings
from tests.sources import SOURCES

ROOT = Path(__file__).parents[2]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())


def outputs(stage: dict) -> set[str]:
    """Paths that a stage makes, at the scale of params.yaml."""
    listed = [*stage["outs"], *stage.get("metrics", []), *stage.get("plots", [])]
    return {path.replace("${scale}", PARAMS["scale"]) for entry in listed for path in entry}


def test_the_file_is_what_replicate_dvc_writes():
    written = (ROOT / dvc.FILE).read_text()
    made = dvc.text(load_sources(Path("replications")))
    assert written == made, "a study was added or renamed: run `replicate dvc`"


def test_every_job_and_every_figure_of_the_plan_lies_in_an_output_of_its_stage():
    plan = Plan(SOURCES, PARAMS["scale"], PARAMS["seeds"])
    stages = yaml.safe_load((ROOT / dvc.FILE).read_text())["stages"]
    assert set(stages) == {"corpora", *SOURCES}
    for (owner, _, _), job in plan.jobs.items():
        folders = outputs(stages["corpora" if owner == "shared" else owner])
        mirrored = job.output.replace("runs/", "versions/", 1)
        assert any(mirrored.startswith(folder + "/") for folder in folders), job.output
    for figure, (source, _) in plan.figures.items():
        assert f"figures/{figure}.pdf" in outputs(stages[source])


def test_no_output_belongs_to_two_stages_and_all_outlive_a_rerun():
    stages = yaml.safe_load((ROOT / dvc.FILE).read_text())["stages"].values()
    paths = [path for stage in stages for path in outputs(stage)]
    assert len(paths) == len(set(paths))
    entries = [entry for stage in stages for part in ("outs", "metrics", "plots") for entry in stage.get(part, [])]
    assert all(settings["persist"] for entry in entries for settings in entry.values())


def test_what_snakemake_makes_is_no_output_of_dvcs():
    # `dvc exp run` replaces an output by the version in dvc.lock, or deletes it where that is not in the cache.
    stages = yaml.safe_load((ROOT / dvc.FILE).read_text())["stages"].values()
    assert not [path for stage in stages for path in outputs(stage) if path.startswith("runs")]


def test_params_name_every_source_and_are_valid():
    assert set(PARAMS["changes"]) == set(SOURCES)
    assert load_plan(load_settings(PARAMS), ROOT).scale == PARAMS["scale"]
