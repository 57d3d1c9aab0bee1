"""SAME's spectral terms: each by NumPy, what they can and can't hear, gradients, and stereo in the whole loss."""

import numpy as np
import pytest
import torch

from shared.audio.stereo import sum_difference
from shared.audio.tight_stft import TightStft
from shared.config import ConfigError
from shared.losses.complex_stft import ComplexStftLoss, complex_distance, contrast, log_magnitude, turn_distance
from shared.losses.complex_stft_config import ComplexStftConfig
from shared.losses.config import ReconstructionConfig, ReconstructionWeights, Resolution
from shared.losses.reconstruction import ReconstructionLoss

RATE = 16_000
RESOLUTIONS = (Resolution(n_fft=64, hop=32), Resolution(n_fft=128, hop=32))
TERMS = ("contrast", "log_magnitude", "phase")


@pytest.fixture
def waveforms() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = 0.1 * torch.randn(2, 2, 600, generator=generator)
    return target + 0.05 * torch.randn(2, 2, 600, generator=generator), target


def only(*terms: str) -> ComplexStftLoss:
    weights = {name: float(name in terms) for name in TERMS}
    return ComplexStftLoss(ComplexStftConfig(resolutions=RESOLUTIONS, **weights))


def spectra(waveforms) -> list[np.ndarray]:
    return [TightStft(64, 32)(each.flatten(0, 1)).numpy().astype(complex) for each in waveforms]


def norms(x: np.ndarray) -> np.ndarray:
    return np.sqrt((x**2).sum((1, 2)))


def test_contrast_agrees_with_numpy(waveforms):
    x, y = (np.abs(each) for each in spectra(waveforms))
    expected = (norms(y - x) / norms(x + y)).mean()
    assert contrast(torch.tensor(x), torch.tensor(y)).item() == pytest.approx(expected, rel=1e-6)


def test_log_magnitude_agrees_with_numpy(waveforms):
    x, y = (np.abs(each) for each in spectra(waveforms))
    floor = np.sqrt(sum(each.std((1, 2), ddof=1, keepdims=True) ** 2 for each in (x, y)))
    expected = np.abs(np.log(1 + x / floor) - np.log(1 + y / floor)).mean()
    assert log_magnitude(torch.tensor(x), torch.tensor(y)).item() == pytest.approx(expected, rel=1e-6)


def test_the_complex_distance_agrees_with_numpy(waveforms):
    x, y = spectra(waveforms)
    power = np.abs(x - y) ** 2
    scale = np.maximum(power.std((1, 2), ddof=1, keepdims=True), 1e-5)
    expected = np.log(1 + power / scale).mean()
    assert complex_distance(torch.tensor(x), torch.tensor(y)).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("dim", [1, 2])
def test_turns_agree_with_numpy(dim, waveforms):
    x, y = spectra(100 * each for each in waveforms)  # so loud that no floor matters
    first, second = (slice(None, -1), slice(1, None))
    before = (slice(None), first) if dim == 1 else (slice(None), slice(None), first)
    after = (slice(None), second) if dim == 1 else (slice(None), slice(None), second)
    differences = [np.angle(each[after]) - np.angle(each[before]) for each in (x, y)]
    weight = np.sqrt(np.abs(x[after] * x[before]) * np.abs(y[after] * y[before]))
    expected = (weight / weight.mean() * (1 - np.cos(differences[0] - differences[1]))).mean()
    assert turn_distance(torch.tensor(x), torch.tensor(y), dim).item() == pytest.approx(expected, rel=1e-3)


def test_the_loss_is_the_weighted_sum_averaged_over_resolutions(waveforms):
    prediction, target = waveforms
    weights = {"contrast": 0.5, "log_magnitude": 2.0, "phase": 3.0}
    total = 0
    for resolution in RESOLUTIONS:
        stft = TightStft(resolution.n_fft, resolution.hop)
        x, y = stft(prediction.flatten(0, 1)), stft(target.flatten(0, 1))
        phase = complex_distance(x, y) + turn_distance(x, y, 1) + turn_distance(x, y, 2)
        total += 0.5 * contrast(x.abs(), y.abs()) + 2 * log_magnitude(x.abs(), y.abs()) + 3 * phase
    loss = ComplexStftLoss(ComplexStftConfig(resolutions=RESOLUTIONS, **weights))(prediction, target)
    torch.testing.assert_close(loss, total / 2)


@pytest.mark.parametrize("term", TERMS)
def test_same_input_gives_zero_and_another_does_not(term, waveforms):
    prediction, target = waveforms
    assert only(term)(100 * target, 100 * target).item() == pytest.approx(0, abs=1e-5)
    assert only(term)(prediction, target).item() > 0.01


def test_only_the_phase_term_hears_a_sign(waveforms):
    _, target = waveforms
    assert only("contrast", "log_magnitude")(-target, target).item() == pytest.approx(0, abs=1e-6)
    assert only("phase")(-target, target).item() > 0.1


@pytest.mark.parametrize("term", TERMS)
def test_silence_gives_a_finite_loss_and_gradient(term, waveforms):
    for target in (torch.zeros(2, 2, 600), waveforms[1]):
        prediction = torch.zeros(2, 2, 600, requires_grad=True)
        loss = only(term)(prediction, target)
        loss.backward()
        assert loss.isfinite() and prediction.grad.isfinite().all()


def test_a_resolution_that_can_not_be_tight_is_refused():
    with pytest.raises(ConfigError, match="a hop that divides"):
        ComplexStftLoss(ComplexStftConfig(resolutions=[Resolution(n_fft=64, hop=24)]))
    with pytest.raises(ValueError, match="leave window out"):
        ComplexStftConfig(resolutions=[Resolution(n_fft=64, hop=16, window=32)])


def whole(stereo: str = "channels", with_complex: bool = True) -> ReconstructionLoss:
    return ReconstructionLoss(
        ReconstructionConfig(
            weights=ReconstructionWeights(l1=0.5, stft=2.0, mel=3.0, complex_stft=4.0), stft=RESOLUTIONS, mel=(),
            complex_stft=ComplexStftConfig(resolutions=RESOLUTIONS) if with_complex else None, stereo=stereo,
        ),
        RATE,
    )


def test_both_views_are_the_sum_of_the_two(waveforms):
    parts = {view: whole(view)(*waveforms)[1] for view in ("channels", "sum_difference", "both")}
    for name in ("stft", "complex_stft"):
        torch.testing.assert_close(parts["both"][name], parts["channels"][name] + parts["sum_difference"][name])
    assert parts["both"]["l1"] == parts["channels"]["l1"]
    total, of_both = whole("both")(*waveforms)
    torch.testing.assert_close(total, 0.5 * of_both["l1"] + 2 * of_both["stft"] + 4 * of_both["complex_stft"])


def test_sum_and_difference_are_channels_of_what_they_make(waveforms):
    made = [sum_difference(each) for each in waveforms]
    expected, found = whole()(*made)[1], whole("sum_difference")(*waveforms)[1]
    torch.testing.assert_close(found["stft"], expected["stft"])
    torch.testing.assert_close(found["complex_stft"], expected["complex_stft"])


def test_the_difference_hears_swapped_channels_of_which_each_is_right_on_its_own_scale():
    """A side signal that changes its sign alone: left and right swap, the sum stays, the difference's phase turns."""
    generator = torch.Generator().manual_seed(0)
    middle, side = (0.1 * torch.randn(1, 600, generator=generator) for _ in range(2))
    target, prediction = torch.stack([middle + side, middle - side], 1), torch.stack([middle - side, middle + side], 1)
    parts = whole("sum_difference")(prediction, target)[1]
    assert parts["stft"].item() == pytest.approx(0, abs=1e-5) and parts["complex_stft"].item() > 0.1


def test_mono_is_as_it_was(waveforms):
    """Without SAME's terms, a loss of `(batch, time)` is the same to the bit as one of `(batch, 1, time)`."""
    prediction, target = (each[:, 0] for each in waveforms)
    total, parts = whole(with_complex=False)(prediction, target)
    assert torch.equal(total, whole(with_complex=False)(prediction.unsqueeze(1), target.unsqueeze(1))[0])
    assert list(parts) == ["l1", "stft"] and torch.equal(total, 0.5 * parts["l1"] + 2 * parts["stft"])
    with pytest.raises(ValueError, match="two channels"):
        whole("both")(prediction, target)
