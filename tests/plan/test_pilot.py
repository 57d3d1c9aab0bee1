"""A pilot tunes a recipe: it hears validation clips alone, with seeds that no record has."""

import pytest

from shared.config import SettingError
from shared.plan.plan import Plan
from shared.report.summary import evidence


def test_a_pilot_is_evaluated_on_validation_clips_and_trains_what_its_seed_trains(sources):
    record, pilot = Plan(sources, "smoke", [100]), Plan(sources, "smoke", pilot=True)
    assert pilot.label == "smoke-pilot" and pilot.seeds_of("longcat", "fig3") == [100]
    evaluated = {"ground_truth", "reconstructions", "samples"}
    for (owner, kind, key), job in pilot.jobs.items():
        if kind in evaluated:
            assert job.spec["split"] == "validation"
        if kind in ("autoencoder", "generator", "asr", "corpus", "latents"):
            assert (owner, kind, key) in record.jobs
        elif kind in evaluated:
            assert (owner, kind, key) not in record.jobs


def test_a_pilot_has_no_seed_of_a_record(sources):
    with pytest.raises(SettingError, match=r"seeds: 3 is for records; a pilot's are 100 and up"):
        Plan(sources, "smoke", [3, 100], pilot=True)


def test_a_pilots_record_lies_apart_whatever_it_is_called(sources):
    assert Plan(sources, "smoke", pilot=True, label="cpu").label == "cpu-pilot"
    assert Plan(sources, "smoke", pilot=True, label="my-pilot").label == "my-pilot"
    assert Plan(sources, "smoke", pilot=True).study_spec("longcat", "fig3").pilot
    assert evidence(["cpu", "cpu-pilot", "smoke", "gpu"]) == ["cpu", "gpu"]


def test_only_a_pilot_hears_validation_clips(sources):
    with pytest.raises(SettingError, match=r"longcat.evaluation.split: of fig3: say pilot: true instead"):
        Plan(sources, "smoke", [0], changes={"longcat": {"evaluation": {"split": "validation"}}})
