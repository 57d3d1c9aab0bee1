"""Squared distances by tiles against differences, and the exact median of those that are not kept."""

import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

from shared.metrics import pairs
from shared.metrics.pairs import TILE, Pairs, Rows, tiles_between


def _median(rows):
    return Pairs(Rows(rows, rows.mean(0))).median


def test_tiles_hold_every_distance():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(TILE + 9, 5)), rng.normal(2, size=(2 * TILE + 1, 5))
    found = np.full((len(x), len(y)), np.nan)
    for rows, columns, tile in tiles_between(Rows(x, x.mean(0)), Rows(y, x.mean(0))):
        found[rows, columns] = tile
    np.testing.assert_allclose(found, cdist(x, y, "sqeuclidean"), rtol=1e-12)


def test_close_rows_far_from_the_centre_lose_no_digits():
    rng = np.random.default_rng(0)
    x = 1e4 * rng.normal(size=(20, 5))
    x[10:] = x[:10] + rng.normal(size=(10, 5))
    x[0] = x[1]
    (_, _, found), = Rows(x, np.zeros(5)).tiles()
    expected = cdist(x, x, "sqeuclidean")
    np.fill_diagonal(expected, np.inf)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert found[0, 1] == 0


@pytest.mark.parametrize("kept", [pairs.KEPT, 100, 1])
@pytest.mark.parametrize("clips", [2, 3, 4, 40, 41, 42, 2 * TILE + 3])
def test_the_median_is_exact_however_few_distances_are_kept(monkeypatch, kept, clips):
    monkeypatch.setattr(pairs, "KEPT", kept)
    rows = np.random.default_rng(clips).normal(size=(clips, 3))
    assert _median(rows) == pytest.approx(np.median(pdist(rows)), rel=1e-14)


@pytest.mark.parametrize("kept", [pairs.KEPT, 5, 1])
@pytest.mark.parametrize("row", [
    [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 1], [0, 1, 2, 3], [0, 0, 0, 1e-200], [1e150, 0, 0, -1e150], [0, 0, 1, 2, 4],
    [0] * 9 + [1] * 9, [0] * 3 + [1],
])
def test_the_median_of_equal_distances(monkeypatch, kept, row):
    monkeypatch.setattr(pairs, "KEPT", kept)
    rows = np.array(row, dtype=float)[:, None]
    assert _median(rows) == pytest.approx(np.median(pdist(rows)), rel=1e-14)


def test_memory_does_not_grow_with_the_pairs(monkeypatch):
    monkeypatch.setattr(pairs, "KEPT", 2**15)
    rows = Rows(np.random.default_rng(1).normal(size=(2500, 4)), np.zeros(4))
    assert Pairs(rows).count * 8 > 24e6
    _median(rows.centred[:9])  # imports and caches
    tracemalloc.start()
    assert Pairs(rows).median > 0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 22e6, "the counts of a pass are 8 MiB each, and a tile half of one"
