"""Looks: the level of all of them together, and how likely the last one is to decide."""

import numpy as np
import pytest
from scipy import stats

from shared.statistics.looks import LOOKS, ONE_SIDED, conditional_power, level, look_at

SHARES = np.array(LOOKS) / LOOKS[-1]


def test_all_looks_together_are_wrong_in_5_percent():
    """Against the integral over the joint distribution of z, whose correlations are √ of the shares' ratios."""
    correlations = np.sqrt(np.minimum.outer(SHARES, SHARES) / np.maximum.outer(SHARES, SHARES))
    bounds = stats.norm.isf([level(look) for look in (1, 2, 3)])
    inside = stats.multivariate_normal.cdf(bounds, np.zeros(3), correlations, lower_limit=-bounds, abseps=1e-6)
    assert 1 - inside == pytest.approx(0.05, abs=5e-4)


def test_levels_grow_and_one_look_has_all_of_it():
    assert level(1) < level(2) < level(3) < ONE_SIDED == level(None)


@pytest.mark.parametrize("z", [-0.5, 0.4, 1.2, 2.0])
@pytest.mark.parametrize("look", [1, 2])
def test_conditional_power_against_simulation(z, look):
    share, rng = SHARES[look - 1], np.random.default_rng(0)
    drift = z / np.sqrt(share)  # of what has been seen so far
    rest = rng.normal(drift * (1 - share), np.sqrt(1 - share), size=200_000)
    decided = z * np.sqrt(share) + rest > stats.norm.isf(level(3))
    assert conditional_power(stats.norm.sf(z), look) == pytest.approx(decided.mean(), abs=0.005)


def test_conditional_power_at_the_edges():
    assert conditional_power(0.0, 1) == pytest.approx(1) and conditional_power(1.0, 1) == pytest.approx(0)
    assert conditional_power(0.01, 3) == 0


def test_which_look_so_many_seeds_are():
    assert [look_at(seeds) for seeds in (3, 4, 8, 12, 13)] == [None, 1, 2, 3, None]
