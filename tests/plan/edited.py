"""LongCat's study file, edited."""

from pathlib import Path

import yaml

from shared.plan.pieces import load_study
from shared.plan.plan import Plan
from shared.plan.schema import Source

ROOT = Path(__file__).parents[2]


def planned_after(sources, tmp_path, change):
    """The plan after an edit of longcat's study.yaml."""
    folder = tmp_path / "longcat"
    folder.mkdir(parents=True)
    study = load_study(ROOT / "replications/longcat/study.yaml")
    change(study)
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    (folder / "figures.py").write_text((ROOT / "replications/longcat/figures.py").read_text())
    return Plan({"longcat": Source(folder / "study.yaml")}, "smoke", [0])
