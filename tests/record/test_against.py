"""Somebody else's results against ours: provenance first, then numbers, then verdicts."""

import json
import shutil

import pytest

from shared.config import ConfigError
from shared.record.against import compare_records, find_theirs
from shared.record.files import load_source
from shared.record.manifest import write_manifest
from tests.report.made_up_pairs import make_pairs


@pytest.fixture
def both(tmp_path):
    ours = make_pairs(tmp_path / "ours/cpu")
    shutil.copytree(tmp_path / "ours", tmp_path / "theirs")
    return ours, tmp_path / "theirs/cpu/longcat"


def compare(both) -> str:
    ours, theirs = (load_source(folder) for folder in both)
    return compare_records(ours, theirs, ["fig3"])


def change_provenance(folder, **changes) -> None:
    path = folder / "fig3_provenance.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    write_manifest(folder, "fig3")


def test_the_same_run_is_said_to_be_the_same(both):
    text = compare(both)
    assert "should be the same to the digit" in text and "6 values in both, 0 with intervals apart" in text
    assert "3 claims in both, 3 with the same verdict" in text


def test_two_runs_without_a_commit_are_not_said_to_be_of_the_same_code(both):
    for folder in both:
        change_provenance(folder, commit=None, dirty=None, no_commit="not a Git checkout")
    text = compare(both)
    assert "commit:               ours not recorded" in text and "same to the digit" not in text


@pytest.mark.parametrize(("changes", "meaning"), [
    ({"scale": "gpu", "config_hash": "x"}, "Another scale: compare order and shape"),
    ({"config_hash": "x"}, "Not the same experiment: settings"),
    ({"corpus_hash": ["x"]}, "Not the same experiment: settings or corpora"),
    ({"seeds": [1]}, "other seeds: values differ by training noise"),
    ({"commit": "b" * 40}, "The same experiment. The same values are promised"),
])  # fmt: skip
def test_what_differs_in_provenance_is_named_with_what_it_means(both, changes, meaning):
    change_provenance(both[1], **changes)
    text = compare(both)
    assert meaning in text and text.index(meaning) < text.index("values in both")


def test_both_values_the_papers_and_changed_verdicts_are_shown(both):
    path = both[1] / "fig3.csv"
    path.write_text(path.read_text().replace("0.175833,0.15825,0.193417", "0.3,0.29,0.31"))
    path = both[1] / "fig3_verdicts.csv"
    before, after = "contradicted,-0.1,-0.15,-0.05,points,0.999,0.001", "reproduced,0.1,0.05,0.15,points,0.001,0.999"
    path.write_text(path.read_text().replace(before, after))
    write_manifest(both[1], "fig3")
    text = compare(both)
    line = next(line for line in text.splitlines() if "intervals apart" in line and "generation WER, wide" in line)
    assert "ours 17.58 % [15.82 %, 19.34 %]" in line and "theirs 30.00 % [29.00 %, 31.00 %]" in line
    assert "6 values in both, 1 with intervals apart" in text
    assert "claim b (Figure 3): ours contradicted, theirs reproduced" in text


def test_a_damaged_study_is_named_and_left_out(both):
    (both[1] / "fig3_provenance.json").write_text("{")
    text = compare(both)
    assert "left out, as it is damaged: " in text and "fig3_provenance.json" in text and "values in both" not in text
    (both[1] / "fig3_provenance.json").unlink()
    write_manifest(both[1], "fig3")
    text = compare(both)
    assert "fig3_provenance.json: missing" in text and "6 values in both" in text


@pytest.mark.parametrize("place", ["theirs", "theirs/cpu", "theirs/cpu/longcat"])
def test_their_results_are_found_in_any_of_the_folders(both, tmp_path, place):
    assert find_theirs(tmp_path / place, "longcat", "gpu").folder == both[1]


def test_what_is_not_there_or_not_clear_is_one_line(both, tmp_path):
    with pytest.raises(ConfigError, match="no such folder"):
        find_theirs(tmp_path / "nowhere", "longcat", "cpu")
    with pytest.raises(ConfigError, match="no results of same here"):
        find_theirs(tmp_path / "theirs", "same", "cpu")
    shutil.copytree(tmp_path / "theirs/cpu", tmp_path / "theirs/gpu")
    assert find_theirs(tmp_path / "theirs", "longcat", "gpu").folder.parent.name == "gpu"
    with pytest.raises(ConfigError, match="at scales cpu, gpu; name"):
        find_theirs(tmp_path / "theirs", "longcat", "paper")
