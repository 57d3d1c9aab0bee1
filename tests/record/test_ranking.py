"""Rankings by one metric: order, gaps, and what can't be told apart."""

import numpy as np
import pytest

from shared.config import ConfigError
from shared.record.files import load_scale
from shared.record.manifest import write_manifest
from shared.record.ranking import as_text
from shared.record.ranking import rank as rank_sources
from shared.record.table import Row, to_csv
from tests.record.made_up_runs import make_study
from tests.report.made_up import row
from tests.report.made_up_pairs import make_pairs


def rank(folder, *asked):
    return rank_sources(load_scale(folder), *asked)


def test_the_best_comes_first_and_each_other_is_behind_by_its_pairs(tmp_path):
    make_pairs(tmp_path)
    (ranking,) = rank(tmp_path, "wer")
    assert [place.row.variant for place in ranking.places] == ["narrow", "prompted", "wide"]
    best, second, last = ranking.places
    assert best.behind is None
    # Errors of a run: 45, 75 or 105, and one more with the second seed; half a one is added for the logarithm.
    logs = np.log(np.array([[45, 46], [75, 76], [105, 106]]) + 0.5)
    gaps = (logs - logs[0]).mean(axis=1)
    for place, gap in ((second, gaps[1]), (last, gaps[2])):
        value, low, high = place.behind
        assert value == pytest.approx(gap) == pytest.approx((low + high) / 2)
    assert f"×{np.exp(gaps[1]):.2f} behind [×" in as_text([ranking], {})
    assert second.told_apart and last.told_apart


def test_higher_is_better_where_the_metric_says_so(tmp_path):
    make_pairs(tmp_path)
    (ranking,) = rank(tmp_path, "pesq", "reconstruction")
    assert [place.row.variant for place in ranking.places][-1] == "narrow"
    tie = ranking.places[1]
    value, low, high = tie.behind
    assert value == 0 and low < 0 < high and not tie.told_apart
    assert "not told apart from the best" in as_text([ranking], {"longcat": "LongCat"})


def test_one_run_tells_nothing_apart(tmp_path):
    make_pairs(tmp_path, seeds=(0,))
    (ranking,) = rank(tmp_path, "wer")
    assert {place.told_apart for place in ranking.places} == {None}
    assert "not known how far behind: one run" in as_text([ranking], {})


def test_without_scores_of_clips_the_order_is_the_tables(tmp_path):
    folder = make_pairs(tmp_path)
    (folder / "scores/fig3/wide_s0_generation.csv").unlink()
    write_manifest(folder, "fig3")
    (ranking,) = rank(tmp_path, "wer")
    assert [place.row.variant for place in ranking.places] == ["narrow", "prompted", "wide"]
    assert {place.told_apart for place in ranking.places} == {None}
    assert "no scores of single clips" in as_text([ranking], {})


def test_without_provenance_the_order_is_the_tables(tmp_path):
    folder = make_pairs(tmp_path)
    (folder / "fig3_provenance.json").unlink()
    write_manifest(folder, "fig3")
    (ranking,) = rank(tmp_path, "wer")
    assert [place.row.variant for place in ranking.places] == ["narrow", "prompted", "wide"]
    assert "no scores of single clips" in as_text([ranking], {})


def test_a_metric_that_is_zero_everywhere_is_measured(tmp_path):
    folder = make_pairs(tmp_path)
    (folder / "fig3.csv").write_text(to_csv([row("narrow", 0.0), row("wide", 0.0)], Row))
    write_manifest(folder, "fig3")
    with pytest.raises(ConfigError, match="measured are wer"):
        rank(tmp_path, "kad")


def test_a_metric_that_nobody_has_is_one_line_with_those_that_are(tmp_path):
    make_pairs(tmp_path)
    with pytest.raises(ConfigError, match="longcat: no study that is whole has kad of generation; measured are wer"):
        rank(tmp_path, "kad")
    with pytest.raises(ConfigError, match="no metric 'wre'; did you mean 'wer'"):
        rank(tmp_path, "wre")


def test_metrics_of_sets_are_ranked_by_what_the_record_keeps_of_them(tmp_path):
    make_study(tmp_path)
    for metric in ("kad", "fad"):
        (ranking,) = rank(tmp_path / "results/cpu", metric)
        assert [place.row.variant for place in ranking.places] == ["a", "b"]
        value, low, high = ranking.places[1].behind
        assert value > 0 and low < value < high
