"""What is drawn from all of the record: the ledger, one JSON with its schema, and the files that hold them."""

import json
from pathlib import Path

import jsonschema
import pytest

from shared.config import ConfigError
from shared.record.export import schema
from shared.record.history import history
from shared.record.ledger import BEGIN, END, ledger_table, put_into
from shared.record.manifest import write_manifest
from shared.record.table import to_csv
from shared.record.turned import BEGIN as HISTORY_BEGIN
from shared.record.turned import END as HISTORY_END
from shared.record.turned import history_table
from shared.report.summary import load_scales, summarise_all
from shared.statistics.claims import Verdict
from tests.report.made_up import verdict
from tests.report.made_up_pairs import make_pairs
from tests.sources import SOURCES

ROOT = Path(__file__).parents[2]
TITLES = {"longcat": "LongCat"}


@pytest.fixture
def results(tmp_path):
    make_pairs(tmp_path / "results/cpu")
    return tmp_path / "results"


def test_the_ledger_counts_each_verdict(results):
    heading, _, head, _, *rows = ledger_table(load_scales(results), TITLES).splitlines()
    assert heading == "The papers' own claims:"
    assert head.startswith("| source | scale | claims | reproduced | contradicted | inconclusive | pilot | not test")
    (row,) = rows  # one source is its own sum
    assert row == "| [LongCat](../replications/longcat/README.md#what-came-out) | `cpu` | 3 | 1 | 1 | 1 | 0 | 0 | – |"


def test_our_own_claims_have_a_table_of_their_own_and_the_primary_one_is_shown(results):
    claims = [verdict("a", "reproduced", 0.1, primary=True), verdict("b", "pilot", 0.1),
              verdict("c", "contradicted", -0.1, origin="ours")]  # fmt: skip
    (results / "cpu/longcat/fig3_verdicts.csv").write_text(to_csv(claims, Verdict))
    write_manifest(results / "cpu/longcat", "fig3")
    theirs, ours = ledger_table(load_scales(results), TITLES).split("\n\nClaims that no paper makes:\n\n")
    assert theirs.splitlines()[-1].endswith("| 2 | 1 | 0 | 0 | 1 | 0 | reproduced |")
    assert ours.splitlines()[-1].endswith("| `cpu` | 1 | 0 | 1 | 0 | 0 | 0 |")


def test_several_sources_are_summed_up(results):
    make_pairs(results / "cpu", source="another")
    last = ledger_table(load_scales(results), TITLES).splitlines()[-1]
    assert last == "| **all** | `cpu` | 6 | 2 | 2 | 2 | 0 | 0 |  |"


def test_the_page_keeps_what_is_around_the_ledger(tmp_path):
    page = tmp_path / "README.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert put_into(page, "new") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    page.write_text("no marks")
    with pytest.raises(ConfigError, match="no line"):
        put_into(page, "new")


def test_all_is_written_and_the_same_each_time(results):
    readme = results.parent / "README.md"
    readme.write_text(f"{BEGIN}\n{END}\n")
    written = []
    for _ in range(2):
        paths = summarise_all(results, TITLES, None, readme)
        written.append({path: path.read_bytes() for path in paths})
    assert written[0] == written[1]
    names = {path.name for path in written[0]}  # no history.csv: Git knows none of it
    assert names == {"verdicts.csv", "results.json", "decoupling.png", "decoupling.md", "schema.json", "README.md"}
    assert "| 3 | 1 | 1 | 1 | 0 | 0 | – |" in readme.read_text()
    lines = (results / "cpu/verdicts.csv").read_text().splitlines()
    assert lines[0].startswith("source,study,id,verdict,") and lines[1].startswith("longcat,fig3,a,reproduced,0.1,")
    assert lines[0].endswith(",q,standing") and lines[1].endswith(",0.003,reproduced")
    assert not (results / "cpu/decoupling.pdf").exists()


def test_the_json_is_valid_and_holds_what_the_tables_hold(results):
    summarise_all(results, TITLES, None, None, draw=False)
    data, published = (json.loads((results / name).read_text()) for name in ("cpu/results.json", "schema.json"))
    jsonschema.Draft202012Validator.check_schema(published)
    jsonschema.validate(data, published)
    study = data["sources"]["longcat"]["fig3"]
    wer = {row["variant"]: row["value"] for row in study["rows"] if row["metric"] == "wer"}
    assert wer["wide"] == pytest.approx(0.175 + 0.5 / 600, rel=1e-4)
    assert study["provenance"]["seeds"] == [0, 1] and study["problems"] == []
    assert data["decoupling"]["pooled"] == {"value": -1.0, "low": None, "high": None, "pairs": 1}
    broken = {**data, "scale": 3}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, published)


def test_what_is_missing_is_null_and_said_and_what_is_damaged_is_an_error(results):
    (results / "cpu/longcat/fig3_verdicts.csv").unlink()
    write_manifest(results / "cpu/longcat", "fig3")
    summarise_all(results, TITLES, None, None, draw=False)
    study = json.loads((results / "cpu/results.json").read_text())["sources"]["longcat"]["fig3"]
    assert study["verdicts"] is None and study["problems"] == ["fig3_verdicts.csv: missing"]
    (results / "cpu/results.json").unlink()
    (results / "cpu/longcat/fig3.csv").write_text("broken")
    with pytest.raises(ConfigError, match=r"nothing is drawn from it\n.*fig3\.csv: changed since it was recorded"):
        summarise_all(results, TITLES, None, None)
    assert not (results / "cpu/results.json").exists()


def test_no_record_and_an_unknown_scale_are_one_line(results, tmp_path):
    with pytest.raises(ConfigError, match="no record at any scale"):
        summarise_all(tmp_path / "nothing", TITLES, None, None)
    with pytest.raises(ConfigError, match="no record at scale 'cpv'; did you mean 'cpu'"):
        summarise_all(results, TITLES, "cpv", None)


def test_what_git_holds_is_drawn_from_the_record():
    published = json.loads((ROOT / "results/schema.json").read_text())
    assert published == schema()
    for path in sorted((ROOT / "results").glob("*/results.json")):
        jsonschema.validate(json.loads(path.read_text()), published)
    titles = {name: source.file.title for name, source in SOURCES.items()}
    # A smoke run beside the record is not in Git.
    kept = sorted(path.parent.name for path in (ROOT / "results").glob("*/verdicts.csv") if path.parent.name != "smoke")
    scales = load_scales(ROOT / "results", kept)
    readme = ROOT / "docs/RESULTS.md"
    assert put_into(readme, ledger_table(scales, titles)) == readme.read_text(encoding="utf-8")
    past = {scale: history(ROOT / "results" / scale)[0] for scale in kept}
    table = history_table(past, titles)
    assert put_into(readme, table, HISTORY_BEGIN, HISTORY_END) == readme.read_text(encoding="utf-8")
