"""Costs and origins in words; models of the study file, and whether they are still those of the record."""

import json

import pytest

from shared.plan.plan import Plan
from shared.record.files import load_source
from shared.record.manifest import write_manifest
from shared.record.readers import Provenance
from shared.report import cost
from tests.report.made_up import STUDY, make_record, provenance
from tests.sources import SOURCES


@pytest.fixture(scope="module")
def source():
    return SOURCES["longcat"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(12.4, "12 s"), (200, "3 min 20 s"), (7509, "2 h 5 min"), (59.7, "1 min 0 s")]
)
def test_durations(seconds, text):
    assert cost.duration(seconds) == text


def test_a_commit_says_whether_code_was_changed():
    assert cost.code("a" * 40, False) == "a" * 10
    assert cost.code("a" * 40, True) == "a" * 10 + ", with changes that are not in it"
    assert cost.code(None, None, "not a Git checkout") == "no commit (not a Git checkout)"
    assert cost.code(None, None) == cost.code("unknown", None) == "unknown commit"


def test_origins_add_up_the_jobs_of_one_commit_and_machine():
    data = provenance()
    data["origins"]["generator"] = [data["origins"]["scores"][0], {"commit": "unknown", "jobs": 1}]
    lines = cost.origins(Provenance.model_validate(data))
    assert lines == [
        f"6 jobs: {'c' * 10}, on P1, 2 cores, 8 GiB, no GPU; Linux x86_64",
        "1 job: unknown commit, on unknown machine",
    ]


def test_models_are_those_of_the_study_file_and_a_changed_configuration_is_said(source, tmp_path):
    folder = make_record(tmp_path)
    found = cost.models(source, load_source(folder))
    assert found.note.startswith("fig3: configured otherwise when recorded")
    assert {row["latent_dim"] for row in found.rows} == {8, 32, 128}
    assert all(row["autoencoder"]["parameters"] > 1e6 for row in found.rows)
    # With the hash of the file as it is, there is nothing to say.
    now = Plan({"longcat": source}, "cpu").study_spec("longcat", STUDY).config_hash
    path = folder / f"{STUDY}_provenance.json"
    path.write_text(json.dumps(provenance() | {"config_hash": now}))
    write_manifest(folder, STUDY)
    assert cost.changed_studies(source, "cpu", load_source(folder)) == []


def test_without_a_study_file_or_with_another_scale_there_is_a_reason(source, tmp_path):
    folder = make_record(tmp_path)
    assert cost.models(None, load_source(folder)).note
    path = folder / f"{STUDY}_provenance.json"
    path.write_text(json.dumps(provenance() | {"scale": "huge"}))
    write_manifest(folder, STUDY)
    assert "huge" in cost.models(source, load_source(folder)).note
