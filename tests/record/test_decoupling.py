"""Ranks by both sides and Kendall's tau, on made-up studies with a known answer."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import kendalltau, rankdata

from shared.config import ConfigError
from shared.plotting.decoupling import decoupling_figure
from shared.plotting.style import styled
from shared.record.decoupling import FAR, Ranked, agreement, pooled_tau, rank_record, ranks_of, tau_of
from shared.record.files import load_scale
from shared.record.manifest import write_manifest
from tests.report.made_up_pairs import make_pairs


def ranked(reconstruction, generation, spread=0.0, seed=0, source="a", study="s", names=None, gaps=None) -> Ranked:
    """A study whose values scatter by `spread` about these, as they do from run to run."""
    good = np.array([reconstruction, generation], dtype=float)
    rng = np.random.default_rng(seed)
    seen = good + spread * rng.normal(size=good.shape)
    drawn = seen[..., None] + spread * rng.normal(size=(*good.shape, 500))
    names = names or [f"v{place}" for place in range(good.shape[1])]
    pairs = list(combinations(range(good.shape[1]), 2))
    gaps = np.array([abs(good[0, one] - good[0, other]) for one, other in pairs]) if gaps is None else np.array(gaps)
    return Ranked(source, study, ("pesq", "wer"), names, names, 1, 200, seen, drawn, gaps)


def test_tau_agrees_with_scipy():
    good = np.random.default_rng(0).normal(size=(2, 7, 20))
    expected = [kendalltau(*good[..., place]).statistic for place in range(20)]
    np.testing.assert_allclose(agreement(good).mean(axis=0), expected)


def test_ranks_agree_with_scipy():
    good = np.random.default_rng(1).integers(4, size=(2, 6, 5)).astype(float)
    expected = rankdata(-good, method="min", axis=1)
    np.testing.assert_array_equal(ranks_of(good), expected)


def test_tau_of_a_known_order():
    assert tau_of(ranked([1, 2, 3], [1, 2, 3])).value == 1
    reversed_order = tau_of(ranked([1, 2, 3], [3, 2, 1]))
    assert (reversed_order.value, reversed_order.low, reversed_order.high, reversed_order.pairs) == (-1, -1, -1, 3)
    assert tau_of(ranked([1, 2, 3, 4], [1, 2, 4, 3])).value == pytest.approx(4 / 6)
    assert tau_of(ranked([1, 1], [1, 2])).value == 0  # a tie is neither


def test_the_interval_is_narrow_where_runs_tell_latents_apart_and_wide_where_not():
    sure, unsure = (tau_of(ranked([1, 2, 3], [3, 2, 1], spread)) for spread in (0.05, 3.0))
    assert (sure.low, sure.high) == (-1, -1)
    assert unsure.high - unsure.low > 1


def test_taus_interval_covers_the_truth_about_as_often_as_it_says():
    # The truth is -1; the interval must hold it, though the runs are noisy enough to turn pairs round.
    covered = [tau_of(ranked([1.0, 1.3], [1.3, 1.0], 0.2, seed)).low <= -1 for seed in range(100)]
    assert np.mean(covered) >= 0.9


def test_the_pool_counts_each_pair_once_and_weighs_pairs_alike():
    first = ranked([1, 2, 3], [1, 2, 3], study="s")
    again = ranked([1, 2, 3], [1, 2, 3], study="t")
    other = ranked([1, 2], [2, 1], source="b")
    assert pooled_tau([first, again]).pairs == 3
    pool = pooled_tau([first, again, other])
    assert (pool.pairs, pool.value) == (4, pytest.approx((3 - 1) / 4))


def _random(source: str, seed: int, latents: int) -> Ranked:
    rng = np.random.default_rng(seed)
    gaps = rng.uniform(0, 2 * FAR, size=latents * (latents - 1) // 2)
    return ranked(*rng.normal(size=(2, latents)), source=source, gaps=gaps)


@pytest.mark.parametrize("far", [True, False, None])
def test_the_pools_tau_is_that_of_its_pairs_counted_one_by_one(far):
    studies = [_random(source, latents, latents) for source, latents in {"a": 3, "b": 5, "c": 7}.items()]
    signs = []
    for study in studies:
        pairs = combinations(range(len(study.variants)), 2)
        for (one, other), gap in zip(pairs, study.gaps, strict=True):
            if far is None or (gap > FAR) == far:
                signs.append(kendalltau(*study.good[:, [one, other]]).statistic)
    pool = pooled_tau(studies, far)
    assert (pool.value, pool.pairs) == (pytest.approx(np.mean(signs)), len(signs))


def test_no_pair_no_tau_and_one_source_no_interval():
    near = ranked([1, 2], [1, 2], gaps=[FAR / 2])
    assert pooled_tau([near], far=True) is None
    alone = pooled_tau([near, ranked([1, 2, 3], [3, 2, 1], study="t", names=["x", "y", "z"])])
    assert (alone.low, alone.high, alone.pairs) == (None, None, 4)


def test_a_sources_pairs_are_not_so_many_sources():
    # Ten pairs of each of two sources, which say the opposite: as if there were two pairs, and not twenty.
    studies = [ranked(range(5), order, source=name) for name, order in (("a", range(5)), ("b", range(5, 0, -1)))]
    pool = pooled_tau(studies)
    assert (pool.value, pool.low, pool.high) == (0, -1, 1)
    # Drawn with as many pairs as sources, each draw has the mean of two: -1, 0 or 1.
    spread = [ranked([1, 2], [1, 2] if place % 2 else [2, 1], source=f"s{place}") for place in range(20)]
    assert -0.5 < pooled_tau(spread).low < -0.3


def test_a_record_is_ranked_and_what_shares_a_latent_is_one(tmp_path):
    make_pairs(tmp_path / "cpu")
    (study,), left_out = rank_record(load_scale(tmp_path / "cpu"))
    assert study.variants == ["narrow", "wide"]  # `prompted` has the autoencoder of `wide`
    assert study.metrics == ("pesq", "wer") and (study.seeds, study.clips) == (2, 30)
    # `wide` reconstructs better and generates worse.
    np.testing.assert_array_equal(study.ranks()[..., 0], [[2, 1], [1, 2]])
    assert tau_of(study).value == -1 and not left_out
    # Clips are the same in both, so that the error is that of trainings: a run's SD, 0.01/√2, over √2 for two runs.
    assert study.gaps == pytest.approx([0.5 / (np.sqrt(2) * 0.01 / 2)], rel=1e-6)


def test_one_run_borrows_the_spread_of_the_others_and_alone_has_that_of_its_clips(tmp_path):
    make_pairs(tmp_path / "one/cpu", seeds=(0,))
    studies, left_out = rank_record(load_scale(tmp_path / "one/cpu"))
    assert [study.seeds for study in studies] == [1] and left_out == {}
    make_pairs(tmp_path / "two/cpu", seeds=(0,))
    make_pairs(tmp_path / "two/cpu", source="same")
    single, double = rank_record(load_scale(tmp_path / "two/cpu"))[0]
    assert (single.seeds, double.seeds) == (1, 2)
    # The same spread of a training, of one run instead of the mean of two.
    assert double.gaps / single.gaps == pytest.approx(np.sqrt(2), rel=1e-6)


def test_a_record_without_scores_of_clips_is_left_out_by_name(tmp_path):
    folder = make_pairs(tmp_path / "cpu")
    for path in folder.glob("scores/*/*_reconstruction.csv"):
        path.unlink()
    write_manifest(folder, "fig3")
    studies, left_out = rank_record(load_scale(tmp_path / "cpu"))
    assert not studies and list(left_out) == ["longcat fig3"] and "reconstruction" in left_out["longcat fig3"]
    (folder / "fig3.csv").write_text("broken")
    with pytest.raises(ConfigError, match=r"fig3\.csv: changed since it was recorded"):
        rank_record(load_scale(tmp_path / "cpu"))


def test_the_figure_is_the_same_bytes_each_time(tmp_path):
    studies = [ranked([1, 2, 3], [3, 1, 2], 0.5, source=name) for name in "abcd"]
    for name in ("one", "two"):
        with styled():
            figure = decoupling_figure(studies, dict(zip("abcd", "ABCD", strict=True)), "cpu")
            figure.savefig(tmp_path / f"{name}.png", dpi=50)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    texts = [text.get_text() for axes in figure.findobj(lambda each: hasattr(each, "get_title")) for text in axes.texts]
    assert sum("3 clips" in text or "200 clips" in text for text in texts) == 4
