"""Looks go on with a record's seeds where its recipe is today's, and past all earlier ones where it is not."""

from functools import partial

import pytest

from shared.config import ConfigError, SettingError
from shared.files import read_json, write_json, write_text
from shared.plan.plan import Plan
from shared.record.history import FILE, Past
from shared.record.table import to_csv
from shared.report.decide import stand
from shared.report.fresh_seeds import first_seeds
from tests.record.made_up_runs import make_study
from tests.sources import SOURCES


@pytest.fixture(scope="module")
def sources():
    return {"longcat": SOURCES["longcat"]}


@pytest.fixture
def first(tmp_path):
    """Of a source whose study `pair` has a look on record, of two seeds by the recipe h."""
    _, record = make_study(tmp_path)
    write_json(record / "pair_study.json", read_json(record / "pair_study.json") | {"sequential": True})
    return partial(first_seeds, tmp_path / "results", "cpu", "toy")


def test_seeds_are_fresh_for_a_changed_recipe_alone(first):
    assert first({"pair": "h"}) == {"pair": 0}
    assert first({"pair": "other"}) == {"pair": 2}
    assert first({"pair": "other", "never_recorded": "n"}) == {"pair": 2, "never_recorded": 2}
    assert first({"pair": "h", "never_recorded": "n"}) == {"pair": 0, "never_recorded": 0}


def test_earlier_records_count_where_git_knew_them(first, tmp_path):
    past = Past(source="toy", study="pair", claim="c", date="2026-01-01", commit="a", seeds=3, verdict="reproduced",
                margin=None, scale=None, runs="new", last_seed=6)  # fmt: skip
    write_text(tmp_path / "results/cpu" / FILE, to_csv([past], Past))
    assert first({"pair": "h"}) == {"pair": 0}
    assert first({"pair": "other"}) == {"pair": 7}


def test_seeds_that_somebody_named_are_no_look(first, tmp_path):
    record = tmp_path / "results/cpu/toy"
    write_json(record / "pair_study.json", read_json(record / "pair_study.json") | {"sequential": False})
    assert first({"pair": "h"}) == {"pair": 2}


def test_a_plan_takes_them(sources):
    plan = Plan(sources, "smoke", looks=2, first_seeds=lambda label, source, recipes: dict.fromkeys(recipes, 5))
    assert plan.seeds_of("longcat", "fig3") == list(range(5, 13))
    spec = plan.study_spec("longcat", "fig3")
    assert spec.sequential and spec.seeds == plan.seeds_of("longcat", "fig3")
    assert spec.config_hash == Plan(sources, "smoke").study_spec("longcat", "fig3").config_hash
    assert Plan(sources, "smoke", looks=1).seeds_of("longcat", "fig3") == [0, 1, 2, 3]


@pytest.mark.parametrize("asked", [{"seeds": [0]}, {"pilot": True}])
def test_looks_say_what_seeds_there_are(sources, asked):
    with pytest.raises(SettingError, match="looks: "):
        Plan(sources, "smoke", looks=1, **asked)


def test_a_changed_recipe_is_looked_at_anew(tmp_path):
    _, record = make_study(tmp_path, seeds=12)
    assert stand(record, "pair", "h").notes == []
    standing = stand(record, "pair", "other")
    with pytest.raises(ConfigError, match=r"no record of other yet; make one: snakemake figures/toy_other\.pdf"):
        stand(record, "other", "h")
    assert (standing.look, standing.notes[-1]) == (
        1, "the recipe is another than this record's: looks begin anew, with fresh seeds",
    )  # fmt: skip
