"""A study's spec of which a test says only what it is about."""

from typing import Any

from shared.statistics.study import StudySpec


def typed(spec: dict[str, Any]) -> StudySpec:
    """`spec` with what it leaves out made up."""
    study = spec.get("study", "s")
    variants = [{"name": "a", "label": variant.get("name", "a"), **variant} for variant in spec["variants"]]
    made_up = {
        "source": "s", "study": study, "title": "T", "paper": "p", "axis": None, "scale": "cpu", "label": "cpu",
        "seeds": [0], "ground_truth": None, "set_metrics": {}, "kad": {}, "config_hash": "h", "folder": ".",
        "studies": {study: [variant["name"] for variant in variants]}, "jobs": [],
    }  # fmt: skip
    return StudySpec.model_validate({**made_up, **spec, "variants": variants})
