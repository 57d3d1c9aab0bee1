"""The linear probe on made-up latents with known answers."""

import numpy as np
import pytest

from shared.measurements.jobs.ridge import fit_probe

RNG = np.random.default_rng(0)
LATENTS, OTHERS = RNG.normal(size=(4000, 6)), RNG.normal(size=(500, 6))
MAP = RNG.normal(size=(6, 20))


def share(probe, latents, targets):
    residual, baseline = probe.errors(latents, targets)
    return residual / baseline


def test_what_is_linear_in_the_latent_is_found_and_what_is_not_there_is_not():
    probe = fit_probe(LATENTS, LATENTS @ MAP + 3)
    assert share(probe, OTHERS, OTHERS @ MAP + 3) < 1e-3
    unrelated = fit_probe(LATENTS, RNG.normal(size=(4000, 20)))
    assert share(unrelated, OTHERS, RNG.normal(size=(500, 20))) == pytest.approx(1, abs=0.02)
    # Half of the targets' variance is there, so that the rest is the root of a half of their spread.
    half = fit_probe(LATENTS, LATENTS[:, :1] + RNG.normal(size=(4000, 1)))
    assert share(half, OTHERS, OTHERS[:, :1] + RNG.normal(size=(500, 1))) == pytest.approx(0.5**0.5, abs=0.05)


def test_errors_are_sums_over_frames_of_means_over_bins():
    probe = fit_probe(np.zeros((2, 3)), np.array([[0.0, 0.0], [2.0, 4.0]]))
    # A latent that says nothing: the probe is the mean, (1, 2), too.
    residual, baseline = probe.errors(np.zeros((3, 3)), np.array([[1.0, 2.0], [3.0, 2.0], [1.0, 6.0]]))
    assert baseline == pytest.approx(0 + 1 + 2) and residual == pytest.approx(3)


def test_the_scale_of_the_latent_does_not_matter():
    noisy, others = (each @ MAP + RNG.normal(size=(len(each), 20)) for each in (LATENTS, OTHERS))
    plain = fit_probe(LATENTS, noisy).errors(OTHERS, others)
    for scale in (1e-3, 1e3):
        scaled = fit_probe(scale * LATENTS + 5, noisy).errors(scale * OTHERS + 5, others)
        assert scaled == pytest.approx(plain, rel=1e-6)
