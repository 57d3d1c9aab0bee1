"""From per-clip scores to table, verdicts and page: values, pairs, missing metrics, the same bytes twice."""

import csv
import json

import numpy as np
import pytest
import scipy.stats

from shared.config import ConfigError
from shared.measurements.exposure_bias import read_curve
from shared.plotting.draw import study_table
from shared.record.table import Row, _cells, _intervals, read_rows, read_verdicts, to_csv, to_markdown, to_metrics
from shared.record.tabulate import keep_scores, tabulate
from shared.statistics.scores import StudyScores, load_study, read_scores
from tests.made_up_study import typed

COLUMNS = ["id", "words", "word_errors", "characters", "character_errors", "sim", "utmos", "reason"]


def _write(path, clips, sim, errors, order=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for index, clip in list(enumerate(clips))[::order]:
            missing = "utmos: the hub is out of reach"
            writer.writerow([clip, index + 1, errors[index], 10, 0, sim[index], "", missing])


@pytest.fixture
def spec(tmp_path):
    """Two variants, two seeds, three clips."""
    clips = ["x1", "x2", "x3"]
    variants = []
    for place, name in enumerate(("a", "b")):
        scores = {}
        for seed in (0, 1):
            folder = tmp_path / name / str(seed)
            sides = {side: folder / side / "scores.csv" for side in ("reconstruction", "generation")}
            for path in sides.values():
                # Rows in another order in every second file: pairs are made by id.
                sims = [each + place / 2 for each in (0.1, 0.2, 0.3)]
                _write(path, clips, sims, [0, 1, place], order=1 - 2 * seed)
            scores[seed] = {side: str(path) for side, path in sides.items()}
        variants.append({"name": name, "label": name.upper(), "setting": 4.0, "paper_setting": 64, "scores": scores})
    _write(tmp_path / "truth" / "scores.csv", clips, [0.9, 0.9, 0.9], [0, 0, 0])
    (tmp_path / "paper.yaml").write_text(json.dumps({"paper": "p", "published": [
        {"study": "fig1", "where": "Table 1 (p. 3)", "trust": "primary",
         "values": {"a": {"generation": {"sim": 0.8, "utmos": 3.2}}, "ground_truth": {"generation": {"wer": 0.01}}}}]}))
    (tmp_path / "claims.yaml").write_text(json.dumps({"claims": [
        {"id": "c", "study": "fig1", "text": "t", "where": "w", "relation": "increases", "metric": "sim",
         "side": "reconstruction", "variants": ["a", "b"]},
        {"id": "d", "study": "fig1", "text": "t", "where": "w", "relation": "increases", "metric": "utmos",
         "side": "generation", "variants": ["a", "b"]}]}))
    return {
        "study": "fig1", "scale": "cpu", "seeds": [0, 1], "variants": variants, "studies": {"fig1": ["a", "b"]},
        "ground_truth": str(tmp_path / "truth" / "scores.csv"),
    }


CURVES = {
    0: ["1,0.5,0.25,0.5,3,3", "2,1,0.5,1.25,2,2", "3,1.5,0.5,,2,1"],
    1: ["1,0.5,0.25,0.25,3,3", "2,1,0.25,2,2,2", "3,1.5,,,1,1"],
}


@pytest.fixture
def with_exposure(spec, tmp_path):
    """The same, with curves of the second variant."""
    header = "position,seconds,teacher_forced,free_running,recorded_clips,free_running_clips"
    files = spec["variants"][1]["latents"] = {"exposure_bias": {}}
    for seed, rows in CURVES.items():
        path = tmp_path / f"exposure{seed}.csv"
        path.write_text("\n".join([header, *rows, ""]))
        files["exposure_bias"][seed] = str(path)
    return spec


def test_drift_is_the_mean_of_what_the_free_run_adds_weighted_by_clips(with_exposure, tmp_path):
    rows, verdicts = tabulate(typed(with_exposure), {name: tmp_path / f"{name}.yaml" for name in ("paper", "claims")})
    (row,) = [row for row in rows if row.metric == "exposure"]
    # Seed 0: (3 · 0.25 + 2 · 0.75) / 5 = 0.45; seed 1: (3 · 0 + 2 · 1.75) / 5 = 0.7. A third position has no pair.
    assert (row.variant, row.side, row.value) == ("b", "generation", pytest.approx(0.575))
    assert (row.low, row.high, row.n, row.seeds) == (None, None, 6, 2)
    assert "| Drift on own errors | B | 4 | 0.575 | 6 | 2 | – |" in to_markdown("Title", "cpu", rows, verdicts)
    assert to_metrics(rows, verdicts)["b"]["generation"]["exposure"] == pytest.approx(0.575)


def test_a_figure_gets_the_curves_and_the_record_keeps_them(with_exposure, tmp_path):
    table = study_table(typed(with_exposure), [])
    curves = table.latents["exposure_bias"]
    assert list(curves) == ["b"] and [len(curve.seconds) for curve in curves["b"]] == [3, 3]
    keep_scores(typed(with_exposure), tmp_path / "kept")
    assert (tmp_path / "kept" / "b_s1_exposure_bias.csv").read_text().startswith("position,seconds")


def test_a_claim_on_exposure_is_not_tested(with_exposure, tmp_path):
    claim = {"id": "c", "study": "fig1", "text": "t", "where": "w", "relation": "better", "metric": "exposure",
             "side": "generation", "variants": ["a", "b"]}
    (tmp_path / "claims.yaml").write_text(json.dumps({"claims": [claim]}))
    _, (verdict,) = tabulate(typed(with_exposure), {name: tmp_path / f"{name}.yaml" for name in ("paper", "claims")})
    assert (verdict.verdict, verdict.reason) == ("not testable here", "exposure has no interval")


def test_damaged_curves_name_the_file(tmp_path):
    header = "position,seconds,teacher_forced,free_running,recorded_clips,free_running_clips\n"
    texts = {"": "empty", header: "no position", header + "1,0.5,x,1,2,2\n": "no curve", "position\n1\n": "no curve",
             header + "1,0.5,nan,1,2,2\n": "no curve", header + "1,0.5,0,1,2": "cut off",
             header + "1,0.5,,,1,1\n": "no position has both"}
    for text, message in texts.items():
        (tmp_path / "e.csv").write_text(text)
        with pytest.raises(ConfigError, match=rf"e\.csv: {message}"):
            read_curve(tmp_path / "e.csv")


@pytest.fixture
def made(spec, tmp_path):
    return tabulate(typed(spec), {name: tmp_path / f"{name}.yaml" for name in ("paper", "claims")})


def _row(rows, *key):
    return next((row for row in rows if (row.variant, row.side, row.metric) == key), None)


def test_values_intervals_and_the_papers_beside_them(made):
    rows, _ = made
    row = _row(rows, "a", "generation", "sim")
    assert (row.value, row.n, row.seeds, row.setting, row.paper_setting) == (pytest.approx(0.2), 6, 2, "4", "64")
    assert row.low < row.value < row.high
    assert (row.paper, row.paper_where, row.paper_trust) == (0.8, "Table 1 (p. 3)", "primary")
    # Corpus WER: errors over words, (0 + 1 + 1) / (1 + 2 + 3).
    assert _row(rows, "b", "generation", "wer").value == pytest.approx(2 / 6)


def test_a_rate_of_the_recordings_errors_has_an_interval_above_zero():
    terms = np.stack([[[0, 1, 0, 0]], [[9, 8, 10, 9]]]).astype(float)
    scores = StudyScores(["a"], [0], list("wxyz"), ground_truth={"wer": terms})
    cell = _cells(scores, "generation", "wer")["ground_truth"]
    assert cell.value == pytest.approx(1 / 36) and cell.ends is not None
    # The delta method's relative error of 1.5 errors in 36 words, and Student's t of three degrees of freedom.
    by_clip = (terms[0, 0] - terms[1, 0] / 36) / 36
    error = np.sqrt(4 / 3 * by_clip @ by_clip) / (1.5 / 36)
    expected = 1.5 / 36 * np.exp(scipy.stats.t.ppf([0.025, 0.975], 3) * error)
    assert cell.ends == pytest.approx([expected[0], expected[1]]) and expected[0] > 0


def test_an_interval_holds_its_value_where_there_are_few_words():
    terms = np.zeros((2, 2, 3, 4))
    terms[:, 1] = 2
    terms[1, 0, 0, 0] = 1  # one error of 24; half an error in each run of 8 words is more
    scores = StudyScores(["a", "b"], [0, 1, 2], list("wxyz"), terms={("generation", "wer"): terms})
    ends = _intervals(scores, "generation", "wer")
    for value, (low, high) in zip(scores.values("generation", "wer"), ends, strict=True):
        assert 0 <= low <= value <= high


def test_ground_truth_is_a_row_and_has_no_seeds_to_draw(made):
    row = _row(made[0], "ground_truth", "generation", "sim")
    assert (row.value, row.n, row.seeds) == (pytest.approx(0.9), 3, 1)
    assert _row(made[0], "ground_truth", "generation", "wer").paper == 0.01
    assert _row(made[0], "ground_truth", "generation", "utmos") is None


def test_a_published_value_without_ours_is_kept(made):
    row = _row(made[0], "a", "generation", "utmos")
    assert (row.value, row.n, row.paper) == (None, 0, 3.2)


def test_verdicts(made):
    tested, untested = made[1]
    # Both seeds say the same, and so do all clips.
    assert (tested.verdict, tested.margin) == ("reproduced", pytest.approx(np.arctanh(0.7) - np.arctanh(0.2)))
    assert (tested.scale, tested.seeds, tested.clips, tested.origin) == ("fisher_z", 2, 3, "paper")
    assert (untested.verdict, untested.reason) == ("not testable here", "the hub is out of reach")


def test_csv_is_read_back_and_is_the_same_twice(made, spec, tmp_path):
    rows, verdicts = made
    again, _ = tabulate(typed(spec), {name: tmp_path / f"{name}.yaml" for name in ("paper", "claims")})
    assert to_csv(rows, Row) == to_csv(again, Row)
    (tmp_path / "t.csv").write_text(to_csv(rows, Row))
    assert to_csv(read_rows(tmp_path / "t.csv"), Row) == to_csv(rows, Row)
    (tmp_path / "v.csv").write_text(to_csv(verdicts, type(verdicts[0])))
    assert [each.verdict for each in read_verdicts(tmp_path / "v.csv")] == [each.verdict for each in verdicts]


def test_page_shows_both_values_and_stamps_smoke(made):
    page = to_markdown("Title", "cpu", *made)
    assert "| SIM | A | 4 | 0.200 [" in page
    assert "| 0.800 |" in page
    assert "Smoke run" not in page
    assert "Smoke run" in to_markdown("Title", "smoke", *made)


def test_scores_are_kept_by_variant_seed_and_side(spec, tmp_path):
    keep_scores(typed(spec), tmp_path / "kept")
    assert len(list((tmp_path / "kept").glob("*.csv"))) == 9
    assert (tmp_path / "kept" / "b_s1_generation.csv").exists()


def test_variants_scored_on_other_clips_are_an_error(spec, tmp_path):
    path = tmp_path / "b" / "1" / "generation" / "scores.csv"
    _write(path, ["x1", "x2", "other"], [0, 0, 0], [0, 0, 0])
    with pytest.raises(ConfigError, match="scores other clips"):
        tabulate(typed(spec), {name: tmp_path / f"{name}.yaml" for name in ("paper", "claims")})


def test_damaged_scores_name_the_file(tmp_path):
    damage = {
        "": "empty", "id,sim\n": "no scores", "sim\n1\n": "no scores", "id,sim\na,0.5": "cut off",
        "id,sim\na,x\n": "sim of clip a is not a number", "id,sim\na,nan\n": "not a number",
        "id,stoi\na,-inf\n": "not a number", "id,stoi\na,1.01\n": "stoi of clip a can't be 1.01",
        "id,words,word_errors\na,5,-1\n": "word_errors of clip a can't be -1", "id,pesq\na,0\n": "can't be 0",
        "id,sim\na,0.5\na,0.5\n": "clip a is there twice", "id,sim\na\n": "row 2: 1 values in 2 columns",
        "id,sim,sim\na,1,1\n": "a column is there twice", "id,sim\n\xff,1\n": "not UTF-8",
    }  # fmt: skip
    for text, message in damage.items():
        (tmp_path / "s.csv").write_bytes(text.encode("latin-1"))
        with pytest.raises(ConfigError, match=rf"s\.csv: .*{message}"):
            read_scores(tmp_path / "s.csv")


def test_a_metric_missing_in_one_variant_is_missing(tmp_path):
    _write(tmp_path / "a.csv", ["x"], [0.5], [0])
    (tmp_path / "b.csv").write_text("id,words,word_errors\nx,1,0\n")
    files = {("a", 0, "generation"): tmp_path / "a.csv", ("b", 0, "generation"): tmp_path / "b.csv"}
    study = load_study(["a", "b"], [0], files, tmp_path / "a.csv")
    assert "sim is not computed" in study.missing["generation", "sim"]
    assert study.terms["generation", "wer"].shape == (2, 2, 1, 1)
    assert np.isfinite(study.terms["generation", "wer"]).all()
