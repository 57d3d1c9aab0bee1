"""What is committed suffices: tables and verdicts made again of the record alone; what is said where they differ."""

import shutil

import numpy as np
import pytest
import yaml

from shared.config import ConfigError
from shared.files import read_json, write_json
from shared.record.again import MADE, make_again
from shared.record.files import load_study, seal_study
from shared.record.kept import read_spec, results
from shared.record.manifest import write_manifest
from shared.record.processors import difference
from shared.record.provenance import younger
from shared.record.table import read_rows, read_verdicts
from shared.report.decide import GIVEN_UP, OPEN, how, stand
from shared.report.verify import differences, verify
from shared.statistics.inference import Runs
from tests.record.made_up_runs import CLAIMS, make_study

STUDIES = {"toy": {"pair": ["a", "b"]}}


@pytest.fixture
def record(tmp_path):
    """The source's folder of a record, whose runs are gone."""
    _, folder = make_study(tmp_path)
    shutil.rmtree(tmp_path / "runs")
    return folder


def check(tmp_path):
    return verify(tmp_path / "results", tmp_path / "replications", STUDIES, {"toy": "Toy"}, "cpu", ["toy"])


def test_the_record_alone_gives_the_same_bytes(record, tmp_path):
    before = {end: (record / f"pair{end}").read_bytes() for end in MADE.values()}
    assert {row.metric for row in read_rows(record / "pair.csv")} == {"wer", "fad", "kad"}
    make_again(record, "pair", tmp_path / "replications/toy", STUDIES["toy"], today=False)
    assert {end: (record / f"pair{end}").read_bytes() for end in MADE.values()} == before
    assert load_study(record, "pair").damage == {}
    assert check(tmp_path) == []


def test_each_difference_is_a_line_with_both_values(record, tmp_path):
    table = record / "pair.csv"
    first = read_rows(table)[0]
    table.write_text(table.read_text().replace(f"{first.value:.6g}", f"{first.value + 0.001:.6g}", 1))
    rounded = record / "pair_verdicts.csv"
    (verdict, _) = read_verdicts(rounded)
    # The last of six digits: another processor's rounding.
    rounded.write_text(rounded.read_text().replace(f"{verdict.margin:.6g}", f"{verdict.margin * (1 + 1e-5):.6g}", 1))
    write_manifest(record, "pair")
    (line,) = check(tmp_path)
    assert line.startswith(f"{table}: {first.variant} {first.side} {first.metric}, value: committed ")
    assert f"made again '{first.value:.6g}'" in line


def test_a_digit_is_forgiven_on_a_page_alone(tmp_path):
    for end, lines in (("md", 0), ("csv", 1), ("json", 1)):
        one, other = tmp_path / f"one.{end}", tmp_path / f"other.{end}"
        for path, value in ((one, "0.1"), (other, "0.19")):
            texts = {"md": f"is {value}\n", "csv": f"id,margin\nx,{value}\n", "json": f'{{"margin": {value}}}'}
            path.write_text(texts[end])
        assert len(list(differences(one, other))) == lines, end


def test_rows_of_a_history_are_told_apart(tmp_path):
    head = "source,study,claim,commit,verdict\n"
    for name, said in (("one", "reproduced"), ("other", "contradicted")):
        (tmp_path / f"{name}.csv").write_text(f"{head}s,t,c,1,{said}\ns,t,c,2,pilot\ns,t,d,2,pilot\n")
    (line,) = differences(tmp_path / "one.csv", tmp_path / "other.csv")
    assert "s t c 1, verdict: committed 'reproduced', made again 'contradicted'" in line


def test_a_claim_that_came_or_went_since_is_a_line(record, tmp_path):
    claims = tmp_path / "replications/toy/claims.yaml"
    claims.write_text(yaml.safe_dump({"claims": [CLAIMS[0], CLAIMS[1] | {"id": "new"}]}))
    lines = [line for line in check(tmp_path) if "_verdicts.csv" in line]
    assert [line.rpartition(": ")[2] for line in lines] == ["committed alone", "made again alone"]


def test_what_is_not_kept_has_a_value_and_no_verdict(record, tmp_path):
    spec = read_json(record / "pair_study.json")
    (row,) = (row for row in read_rows(record / "pair.csv") if (row.variant, row.metric) == ("a", "fad"))
    unkept = {"a": {"value": row.value, "clips": row.n, "seeds": row.seeds}}
    spec |= {"set_metrics": {}, "unkept": {"generation": {"fad": unkept}}}
    write_json(record / "pair_study.json", spec)
    write_manifest(record, "pair")
    make_again(record, "pair", tmp_path / "replications/toy", STUDIES["toy"])
    (after,) = (row for row in read_rows(record / "pair.csv") if row.metric == "fad")
    assert (after.value, after.low, after.n) == (row.value, None, row.n)
    verdict = read_verdicts(record / "pair_verdicts.csv")[1]
    assert verdict.reason == "the record does not hold what it is computed from"
    assert how(verdict) == OPEN  # new runs keep it
    assert read_json(record / "pair_provenance.json")["tabulated"]["date_utc"]


def test_a_lost_or_foreign_file_is_named(record):
    lost = next(each.path for each in results(read_spec(record / "pair_study.json")))
    lost.unlink()
    with pytest.raises(ConfigError, match=f"{lost.name}, which it names, is not in the record"):
        seal_study(record, "pair")
    text = (record / "pair_study.json").read_text()
    (record / "pair_study.json").write_text(text.replace(f"scores/pair/{lost.name}", "../../other.csv"))
    with pytest.raises(ConfigError, match="not a file of this record"):
        read_spec(record / "pair_study.json")


def test_a_study_stands_by_its_claims_and_never_by_their_sign(tmp_path):
    _, record = make_study(tmp_path, seeds=1)
    recipe = read_json(record / "pair_study.json")["config_hash"]
    standing = stand(record, "pair", recipe)
    assert (standing.seeds, standing.look) == (1, 1)
    assert stand(record, "pair", recipe, asked=2).look == 2
    found = read_verdicts(record / "pair_verdicts.csv")[0]
    states = [("reproduced", "", 1, "reproduced"), ("contradicted", "", 1, "contradicted"), ("pilot", "", None, OPEN),
              ("inconclusive", "", 1, OPEN), ("inconclusive", "given up at look 1", 1, GIVEN_UP),
              ("inconclusive", "", 3, GIVEN_UP)]  # fmt: skip
    for verdict, reason, look, expected in states:
        assert how(found.model_copy(update={"verdict": verdict, "reason": reason, "look": look})) == expected


def test_processors_are_told_apart_within_variants():
    draw = np.random.default_rng(0)
    values = draw.normal(size=(3, 8)) + np.array([[0], [5], [-5]])
    made_by = np.array([["P1"] * 4 + ["P2"] * 4] * 3)
    nothing = np.zeros((3, 8, 1))
    assert difference(Runs(values, nothing, (0, 1, 2)), made_by) > 0.01
    assert difference(Runs(values + 3 * (made_by == "P2"), nothing, (0, 1, 2)), made_by) < 1e-4
    assert difference(Runs(values, nothing, (0, 1, 2)), np.full((3, 8), "P1")) is None


@pytest.mark.parametrize(
    ("date", "changed", "said"),
    [
        ("2026-01-01", False, None),
        ("2026-01-03", False, "Claims or recipes were last changed on 2026-01-03, after the first run (2026-01-02)."),
        ("2026-01-01", True, "Claims or recipes were changed after they were last committed."),
    ],
)
def test_claims_that_are_younger_than_the_first_run_are_said_to_be(date, changed, said):
    frozen = {"date_utc": f"{date}T00:00:00+00:00", "changed": changed, "first_run_utc": "2026-01-02T00:00:00+00:00"}
    assert younger(frozen) == said
