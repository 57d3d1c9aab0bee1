"""Set metrics of a study: from embeddings beside the scores to values, intervals and verdicts."""

import csv
import json

import numpy as np
import pytest

from shared.config import ConfigError
from shared.metrics.base import find_metric
from shared.metrics.config import KadConfig
from shared.metrics.embeddings import EMBEDDINGS, read_embeddings, write_embeddings
from shared.metrics.fad import frechet_audio_distances
from shared.metrics.kad import kernel_audio_distances
from shared.record.tabulate import tabulate
from shared.statistics.distances import Distances
from shared.statistics.scores import StudyScores
from tests.made_up_study import typed

CLIPS = [f"x{index:02d}" for index in range(40)]
VARIANTS = {"far": 2.0, "near": 0.0, "off": 0.8}  # how far each variant's embeddings are shifted
SEEDS = (0, 1)
KAD = KadConfig()


def _embeddings(shift, seed):
    rng = np.random.default_rng([int(10 * shift), seed])
    return (rng.normal(size=(len(CLIPS), 4)) + shift).astype(np.float32)


def _write(folder, rows, order=1):
    """scores.csv and embeddings of one job, the clips in this order."""
    folder.mkdir(parents=True)
    with open(folder / "scores.csv", "w", newline="") as file:
        csv.writer(file).writerows([["id", "stoi", "reason"], *([clip, 0.5, ""] for clip in CLIPS[::order])])
    kept = {clip: row for clip, row in zip(CLIPS, rows, strict=True) if np.isfinite(row).all()}
    write_embeddings(folder / EMBEDDINGS, CLIPS[::order], kept)
    return str(folder / "scores.csv")


def _claim(identity, relation, metric, variants, **more):
    common = {"id": identity, "study": "fig1", "text": "t", "where": "w", "side": "generation"}
    return {**common, "relation": relation, "metric": metric, "variants": variants, **more}


@pytest.fixture
def spec(tmp_path):
    """Three variants, two seeds; clip x00 of one of them has no embedding."""
    variants = []
    for name, shift in VARIANTS.items():
        scores = {}
        for seed in SEEDS:
            rows = _embeddings(shift, seed)
            rows[0] = np.nan if (name, seed) == ("off", 1) else rows[0]
            scores[str(seed)] = {"generation": _write(tmp_path / name / str(seed), rows, order=1 - 2 * seed)}
        variants.append({"name": name, "label": name, "setting": 1, "paper_setting": 1, "scores": scores})
    claims = [
        _claim("inside", "peaks_inside", "kad", ["far", "near", "off"]),
        _claim("better", "better", "fad", ["near", "far"]),
        _claim("wrong", "increases", "kad", ["far", "near"]),
        _claim("within", "within", "fad", ["near", "far"], tolerance=0.1, control=["off", "far"]),
    ]
    (tmp_path / "claims.yaml").write_text(json.dumps({"claims": claims}))
    return {
        "study": "fig1", "scale": "cpu", "seeds": [*SEEDS], "variants": variants,
        "studies": {"fig1": [*VARIANTS]}, "ground_truth": _write(tmp_path / "truth", _embeddings(0.0, 9)),
        "set_metrics": {"generation": ["kad", "fad"]}, "kad": KAD.model_dump(),
    }


@pytest.fixture
def made(spec, tmp_path):
    return tabulate(typed(spec), {name: tmp_path / f"{name}.yaml" for name in ("paper", "claims")})


def test_a_value_is_the_mean_of_the_seeds_distances(made):
    rows = {(row.variant, row.metric): row for row in made[0]}
    reference = _embeddings(0.0, 9)[1:]
    sets = [_embeddings(2.0, seed)[1:] for seed in SEEDS]
    found = {
        "fad": frechet_audio_distances(reference, sets), "kad": kernel_audio_distances(reference, sets, KAD),
    }
    for metric, distances in found.items():
        row = rows["far", metric]
        assert row.value == pytest.approx(distances.mean(), rel=1e-4)
        assert row.low < row.value < row.high
        assert (row.n, row.seeds) == (78, 2), "a clip that one variant lacks counts in none"
        assert ("ground_truth", metric) not in rows


def test_claims_on_set_metrics(made):
    assert {each.id: each.verdict for each in made[1]} == {
        "inside": "reproduced", "better": "reproduced", "wrong": "contradicted", "within": "contradicted",
    }


def test_without_being_asked_a_set_metric_is_not_computed(spec, tmp_path):
    facts = {name: tmp_path / f"{name}.yaml" for name in ("paper", "claims")}
    rows, verdicts = tabulate(typed(spec | {"set_metrics": {"generation": ["kad"]}}), facts)
    assert {row.metric for row in rows} == {"kad", "stoi"}
    assert {each.id: each.verdict for each in verdicts}["better"] == "not testable here"


def test_equal_embeddings_are_a_missing_metric(spec, tmp_path):
    for seed in SEEDS:
        write_embeddings(tmp_path / "near" / str(seed) / EMBEDDINGS, CLIPS, dict.fromkeys(CLIPS, np.full(4, 0.1)))
    facts = {name: tmp_path / f"{name}.yaml" for name in ("paper", "claims")}
    toolkit = {"kad": {"bandwidth": "evaluated", "scale": 100}}
    _, verdicts = tabulate(typed(spec | toolkit), facts)
    reasons = {each.id: each.reason for each in verdicts}
    assert reasons["inside"].startswith("kad: the evaluated set's embeddings are all the same")
    rows, _ = tabulate(typed(spec), facts)
    assert {row.variant for row in rows if row.metric == "kad"} == {*VARIANTS}


def test_clips_vary_as_the_jackknife_says():
    """FAD without each block of clips, of sets cut by hand; variants that are the same vary together."""
    reference, groups = _embeddings(0.0, 9), np.arange(len(CLIPS)) // 10
    sets = np.stack([np.stack([_embeddings(0.8, seed) for seed in SEEDS])] * 2)
    found = Distances(find_metric("fad"), reference, sets, KAD).deviations(groups)
    np.testing.assert_allclose(found[0], found[1])
    left = [frechet_audio_distances(reference[groups != g], [sets[0, 1][groups != g]])[0] for g in range(4)]
    assert (found[0, 1] ** 2).sum() == pytest.approx(3 / 4 * ((left - np.mean(left)) ** 2).sum())


@pytest.mark.parametrize("metric", ["kad", "fad"])
def test_what_leaves_no_set_behind_has_a_value_and_no_spread(metric):
    few = np.stack([_embeddings(0.8, 0)[:2]])[None]
    distances = Distances(find_metric(metric), _embeddings(0.0, 9)[:2], few, KAD)
    assert np.isfinite(distances.values()).all() and np.isnan(distances.deviations(np.arange(2))).all()


def test_embeddings_of_other_clips_are_an_error(spec, tmp_path):
    write_embeddings(tmp_path / "far" / "0" / EMBEDDINGS, ["other"], {"other": np.ones(4)})
    with pytest.raises(ConfigError, match="embeddings of other clips"):
        tabulate(typed(spec), {name: tmp_path / f"{name}.yaml" for name in ("paper", "claims")})
    (tmp_path / "far" / "0" / EMBEDDINGS).unlink()
    with pytest.raises(ConfigError, match=r"embeddings\.safetensors: .* run again"):
        tabulate(typed(spec), {name: tmp_path / f"{name}.yaml" for name in ("paper", "claims")})


def test_embeddings_come_back_in_the_order_asked_for(tmp_path):
    write_embeddings(tmp_path / "e.safetensors", ["a", "b", "c"], {"a": np.ones(2), "c": np.zeros(2)})
    np.testing.assert_array_equal(
        read_embeddings(tmp_path / "e.safetensors", ["c", "b", "a"]), [[0, 0], [np.nan, np.nan], [1, 1]]
    )


def test_fad_of_fewer_clips_than_dimensions_is_warned_of(spec, tmp_path, capsys):
    facts = {name: tmp_path / f"{name}.yaml" for name in ("paper", "claims")}
    tabulate(typed(spec), facts)
    assert "warning" not in capsys.readouterr().err
    for seed, path in enumerate(sorted(tmp_path.rglob(EMBEDDINGS))):
        rows = np.random.default_rng(seed).normal(size=(len(CLIPS), 40))
        write_embeddings(path, CLIPS, dict(zip(CLIPS, rows, strict=True)))
    tabulate(typed(spec), facts)
    assert "from 40 clips in 40 dimensions" in capsys.readouterr().err


def test_an_earlier_look_has_its_own_clips():
    """A clip that a later run lacks the embedding of counts for the runs before."""
    sets = np.stack([[_embeddings(shift, seed) for seed in range(3)] for shift in (0.0, 0.8)])
    scores = StudyScores(["near", "far"], [0, 1, 2], CLIPS, groups=np.arange(len(CLIPS)))
    scores.distances["generation", "kad"] = Distances(find_metric("kad"), _embeddings(0.0, 9), sets, KAD)
    before = scores.runs("generation", "kad", first=2)
    sets[1, 2, :10] = np.nan
    after = scores.runs("generation", "kad", first=2)
    np.testing.assert_array_equal(after.values, before.values)
    np.testing.assert_array_equal(after.deviations, before.deviations)
    assert (scores.runs("generation", "kad").values[:, :2] != before.values).all()
