"""RAVE's spectral distance against NumPy and torch's own STFT, its bands, and its gradient."""

import numpy as np
import pytest
import torch
from scipy import signal

from shared.audio.pqmf import Pqmf
from shared.config import ConfigError, parse
from shared.losses.config import ReconstructionConfig, ReconstructionWeights
from shared.losses.reconstruction import ReconstructionLoss
from shared.losses.spectral_distance import SpectralDistance
from shared.losses.spectral_distance_config import SpectralDistanceConfig

FORMS = ("l1_of_logs", "log_of_l1")


@pytest.fixture
def waveforms() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = 0.1 * torch.randn(2, 1, 2048, generator=generator)
    return target + 0.05 * torch.randn(2, 1, 2048, generator=generator), target


def distance(logarithm: str, **changes) -> SpectralDistance:
    return SpectralDistance(SpectralDistanceConfig(n_ffts=(256, 64), logarithm=logarithm, **changes))


def magnitudes(waveform: torch.Tensor, n_fft: int) -> np.ndarray:
    """|STFT| / sqrt(n) by scipy, `(batch, bins, frames)`."""
    padded = np.pad(waveform[:, 0].double().numpy(), ((0, 0), (n_fft // 2, n_fft // 2)), mode="reflect")
    window = signal.get_window("hann", n_fft)
    starts = range(0, padded.shape[1] - n_fft + 1, n_fft // 4)
    frames = np.stack([padded[:, start : start + n_fft] * window for start in starts], axis=-1)
    return np.abs(np.fft.rfft(frames, axis=1)) / np.sqrt(n_fft)


@pytest.mark.parametrize("logarithm", FORMS)
def test_it_agrees_with_scipy(logarithm, waveforms):
    expected = 0
    for n_fft in (256, 64):
        x, y = (magnitudes(waveform, n_fft) for waveform in waveforms)
        expected += np.linalg.norm(y - x) / np.linalg.norm(y)
        if logarithm == "l1_of_logs":
            expected += np.abs(np.log(y + 1e-7) - np.log(x + 1e-7)).mean()
        else:
            expected += np.log(np.abs(y - x).sum()) - np.log(x.size)
    assert distance(logarithm)(*waveforms).item() == pytest.approx(expected, rel=1e-4)


def test_magnitudes_are_torchs_normalised_stft(waveforms):
    prediction, target = (
        torch.stft(x[:, 0], 64, 16, window=torch.hann_window(64), normalized=True, return_complex=True).abs()
        for x in waveforms
    )
    linear = torch.linalg.norm(target - prediction) / torch.linalg.norm(target)
    expected = linear + ((target + 1e-7).log() - (prediction + 1e-7).log()).abs().mean()
    torch.testing.assert_close(SpectralDistance(SpectralDistanceConfig(n_ffts=(64,)))(*waveforms), expected)


def test_the_default_scales_are_the_released_ones():
    resolutions = SpectralDistance(SpectralDistanceConfig()).spectra.resolutions
    assert [(r.n_fft, r.hop) for r in resolutions] == [(2048, 512), (1024, 256), (512, 128), (256, 64), (128, 32)]


def test_half_the_magnitude_by_hand():
    """A ratio of 1/2 and log 2 in each of two scales."""
    target = torch.randn(1, 1, 2048, generator=torch.Generator().manual_seed(0))
    assert distance("l1_of_logs")(target / 2, target).item() == pytest.approx(2 * (0.5 + np.log(2)), rel=1e-4)


def test_same_input_gives_the_least_value(waveforms):
    _, target = waveforms
    assert distance("l1_of_logs")(target, target).item() == 0
    assert distance("log_of_l1")(target, target).item() == pytest.approx(2 * np.log(1e-7), rel=1e-5)


def test_the_papers_form_pulls_the_harder_the_nearer_it_gets(waveforms):
    _, target = waveforms
    slopes = []
    for error in (0.1, 0.01):
        prediction = (target * (1 + error)).requires_grad_()
        distance("log_of_l1")(prediction, target).backward()
        slopes.append(prediction.grad.norm().item())
    assert slopes[1] > 5 * slopes[0]


def test_bands_are_added_each_a_waveform_of_its_own(waveforms):
    bank = Pqmf(4)
    full = distance("l1_of_logs")
    x, y = (bank(waveform).reshape(8, 1, -1) for waveform in waveforms)
    expected = full(*waveforms) + full(x, y)
    torch.testing.assert_close(distance("l1_of_logs", bands=4)(*waveforms), expected)


def test_bands_taken_apart_again_are_what_was_put_together():
    """The released code compares the decoder's bands before they are put together."""
    generator = torch.Generator().manual_seed(0)
    decoded, target = 0.1 * torch.randn(2, 4, 1024, generator=generator), 0.1 * torch.randn(2, 4, 1024)
    bank, full = Pqmf(4), distance("l1_of_logs")
    apart = full(decoded.flatten(0, 1), target.flatten(0, 1))
    again = full(*(bank(bank.inverse(bands)).flatten(0, 1) for bands in (decoded, target)))
    assert again.item() == pytest.approx(apart.item(), rel=0.01)


@pytest.mark.parametrize("logarithm", FORMS)
@pytest.mark.parametrize("bands", [None, 4])
def test_silence_gives_a_finite_loss_and_gradient(logarithm, bands):
    prediction = torch.zeros(1, 1, 2048, requires_grad=True)
    loss = distance(logarithm, bands=bands)(prediction, torch.zeros(1, 1, 2048))
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(prediction.grad).all()


def test_it_is_a_term_of_the_reconstruction_loss(waveforms):
    config = ReconstructionConfig(
        weights=ReconstructionWeights(l1=0, spectral=2), stft=(), mel=(), spectral={"n_ffts": (256, 64)}
    )
    total, parts = ReconstructionLoss(config, 16000)(*waveforms)
    assert parts.keys() == {"l1", "spectral"}
    assert total.item() == pytest.approx(2 * distance("l1_of_logs")(*waveforms).item())


@pytest.mark.parametrize(
    ("change", "message"),
    [({"n_ffts": (66,)}, "n_ffts.0: "), ({"n_ffts": ()}, "n_ffts: "), ({"bands": 1}, "bands: "), ({"hop": 4}, "hop: ")],
)
def test_a_wrong_config_is_one_clear_line(change, message):
    with pytest.raises(ConfigError, match=message):
        parse(SpectralDistanceConfig, change, "study.yaml")
