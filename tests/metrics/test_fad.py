"""FAD against scipy's matrix root, against the public package, its identities, and its bootstrap."""

import numpy as np
import pytest
import scipy.linalg

from shared.config import ConfigError
from shared.metrics.fad import fad_replicates, frechet_audio_distances
from shared.metrics.frechet_package import PYTHON, package_distance


def _sets(clips=80, dim=6, seed=0):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(dim, dim))
    return rng.normal(size=(clips, dim)), 0.5 + rng.normal(size=(clips + 9, dim)) @ mixing


def _fad(x, y):
    return frechet_audio_distances(x, [y])[0]


def _by_matrix_root(x, y):
    first, second = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = np.real(scipy.linalg.sqrtm(first @ second))
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(first + second - 2 * root)


def test_it_is_the_formula_with_a_matrix_root():
    x, y = _sets()
    assert _fad(x, y) == pytest.approx(_by_matrix_root(x, y), rel=1e-10)


def _by_symmetric_root(x, y):
    """The formula that also singular covariances have: eigenvalues of R Σ₂ R, where R is the root of Σ₁."""
    first, second = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    overlap = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0)).sum()
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(first) + np.trace(second) - 2 * overlap


@pytest.mark.parametrize("singular", ["reference", "evaluated", "both"])
@pytest.mark.parametrize("why", ["few clips", "as many as dimensions", "a dimension twice", "a constant dimension"])
def test_singular_covariances(singular, why):
    x, y = _sets(60, 12)
    few = {"few clips": 7, "as many as dimensions": 12}

    def damage(rows):
        rows = rows[: few.get(why)].copy()
        if why not in few:
            rows[:, -1] = rows[:, 0] if why == "a dimension twice" else 0.1
        return rows

    x, y = (x if singular == "evaluated" else damage(x)), (y if singular == "reference" else damage(y))
    assert _fad(x, y) == pytest.approx(_by_symmetric_root(x, y), rel=1e-7)


def test_a_large_common_offset_costs_no_precision():
    x, y = _sets()
    assert _fad(x + 1e5, y + 1e5) == pytest.approx(_fad(x, y), rel=1e-7)


def test_a_set_against_itself_is_zero_and_order_does_not_matter():
    x, y = _sets()
    assert _fad(x, x) == pytest.approx(0, abs=1e-10)
    assert _fad(x[::-1], y[::-1]) == pytest.approx(_fad(x, y))


def test_in_one_dimension_it_is_known():
    x = np.array([[0.0], [2.0]])
    y = np.array([[1.0], [7.0]])
    assert _fad(x, y) == pytest.approx(3**2 + (np.sqrt(18) - np.sqrt(2)) ** 2)


@pytest.mark.skipif(not PYTHON.exists(), reason=f"{PYTHON} is not built: make frechet")
def test_it_agrees_with_the_public_package():
    x, y = _sets(300, 16)
    assert _fad(x, y) == pytest.approx(package_distance(x, y), rel=1e-8)


def test_without_the_environment_the_package_says_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match="`make frechet` builds it"):
        package_distance(*_sets(), python=tmp_path / "python")


@pytest.mark.parametrize("at_once", [7, 1000])
def test_replicates_are_resamples_shifted_onto_the_value(at_once, monkeypatch):
    monkeypatch.setattr("shared.metrics.fad.BYTES", at_once * 8 * 3**2)
    rng = np.random.default_rng(3)
    reference, sets = rng.normal(size=(40, 3)), rng.normal(0.4, 1.5, size=(2, 40, 3))
    weights = rng.multinomial(40, np.full(40, 1 / 40), size=120).astype(float)
    replicates = fad_replicates(reference, sets, weights)
    for index, each in enumerate(sets):
        rows = [np.repeat(np.arange(40), row.astype(int)) for row in weights]
        plain = np.array([_fad(reference[row], each[row]) for row in rows])
        value = _fad(reference, each)
        np.testing.assert_allclose(replicates[index] - value, plain - plain.mean(), atol=1e-9)
        assert plain.mean() > value, "a resample is further off"


def test_replicates_whose_covariances_are_singular():
    """A resample of few clips has no more different ones than dimensions, others beside it have."""
    rng = np.random.default_rng(4)
    reference, sets = rng.normal(size=(9, 4)), rng.normal(0.4, 1.5, size=(1, 9, 4))
    weights = rng.multinomial(9, np.full(9, 1 / 9), size=40).astype(float)
    weights[0] = [3, 3, 3, 0, 0, 0, 0, 0, 0]
    plain = []
    for row in weights:
        drawn = np.repeat(np.arange(9), row.astype(int))
        plain.append(_by_symmetric_root(reference[drawn], sets[0][drawn]))
    replicates = fad_replicates(reference, sets, weights)[0]
    np.testing.assert_allclose(replicates - replicates[1], np.array(plain) - plain[1], atol=1e-6)
