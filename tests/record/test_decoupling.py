"""Ranks by both sides and Kendall's tau, on made-up studies with a known answer."""

import numpy as np
import pytest
from scipy.stats import kendalltau, rankdata

from shared.bootstrap import draw, replicate_ratios
from shared.config import ConfigError
from shared.plotting.decoupling import decoupling_figure
from shared.plotting.style import save_figure, styled
from shared.record.decoupling import Ranked, agreement, pooled_tau, rank_record, ranks_of, tau_of
from shared.record.files import load_scale
from shared.record.manifest import write_manifest
from tests.report.made_up_pairs import make_pairs


def ranked(reconstruction, generation, spread=0.0, seed=0, clips=200, source="a", study="s") -> Ranked:
    """A study whose clips scatter around these values by `spread`."""
    good = np.array([reconstruction, generation], dtype=float)
    rng = np.random.default_rng(seed)
    values = good[:, :, None] + spread * rng.normal(size=(*good.shape, clips))
    terms = np.stack([values, np.ones_like(values)], axis=2)[:, :, :, None]
    names = [f"v{place}" for place in range(good.shape[1])]
    return Ranked(source, study, ("pesq", "wer"), names, names, 1, clips, values.mean(-1),
                  replicate_ratios(terms, draw(1, clips, 500)))  # fmt: skip


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


def test_the_interval_is_narrow_where_clips_tell_latents_apart_and_wide_where_not():
    sure, unsure = (tau_of(ranked([1, 2, 3], [3, 2, 1], spread)) for spread in (0.5, 30.0))
    assert (sure.low, sure.high) == (-1, -1)
    assert unsure.high - unsure.low > 1


def test_taus_interval_covers_the_truth_about_as_often_as_it_says():
    # The truth is -1; the interval must hold it, though the data are noisy enough to turn pairs round.
    covered = [tau_of(ranked([1.0, 1.3], [1.3, 1.0], 2.0, seed)).low <= -1 for seed in range(100)]
    assert np.mean(covered) >= 0.9


def test_the_pool_counts_each_pair_once_and_weighs_pairs_alike():
    first = ranked([1, 2, 3], [1, 2, 3], study="s")
    again = ranked([1, 2, 3], [1, 2, 3], study="t")
    other = ranked([1, 2], [2, 1], source="b")
    assert pooled_tau([first, again]).pairs == 3
    pool = pooled_tau([first, again, other])
    assert (pool.pairs, pool.value) == (4, pytest.approx((3 - 1) / 4))


def test_a_record_is_ranked_and_what_shares_a_latent_is_one(tmp_path):
    make_pairs(tmp_path / "cpu")
    (study,), left_out = rank_record(load_scale(tmp_path / "cpu"))
    assert study.variants == ["narrow", "wide"]  # `prompted` has the autoencoder of `wide`
    assert study.metrics == ("pesq", "wer") and (study.seeds, study.clips) == (1, 30)
    # `wide` reconstructs better and generates worse.
    np.testing.assert_array_equal(study.ranks()[..., 0], [[2, 1], [1, 2]])
    assert tau_of(study).value == -1 and not left_out


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
    studies = [ranked([1, 2, 3], [3, 1, 2], 5.0, source=name) for name in "abcd"]
    for name in ("one", "two"):
        with styled():
            figure = decoupling_figure(studies, dict(zip("abcd", "ABCD", strict=True)), "cpu")
            save_figure(figure, tmp_path / f"{name}.pdf", tmp_path / f"{name}.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    texts = [text.get_text() for axes in figure.findobj(lambda each: hasattr(each, "get_title")) for text in axes.texts]
    assert sum("3 clips" in text or "200 clips" in text for text in texts) == 4
