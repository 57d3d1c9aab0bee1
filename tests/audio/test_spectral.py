"""STFT, its inverse, and mel filters, against torch, a plain DFT and published values."""

import numpy as np
import pytest
import torch

from shared.audio.spectral import (
    MagnitudeSpectrogram,
    MelSpectrogram,
    Stft,
    hertz_to_mel,
    inverse_fft,
    mel_filterbank,
    mel_to_hertz,
    overlap_add,
    safe_log,
    split_frames,
)
from shared.audio.tight_stft import TightStft
from shared.config import ConfigError


def noise(batch: int, time: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(batch, time, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("n_fft", "hop", "window"), [(64, 16, 64), (64, 16, 48), (60, 25, 60), (63, 21, 63)])
def test_center_padding_agrees_with_torch(n_fft, hop, window):
    waveform = noise(2, 500)
    hann = torch.hann_window(window)
    expected = torch.stft(waveform, n_fft, hop, window, hann, pad_mode="reflect", return_complex=True)
    torch.testing.assert_close(Stft(n_fft, hop, window)(waveform), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("n_fft", "hop"), [(64, 16), (64, 64), (60, 25)])
def test_same_padding_gives_one_frame_a_hop(n_fft, hop):
    assert Stft(n_fft, hop, padding="same")(noise(1, hop * 7)).shape == (1, n_fft // 2 + 1, 7)


@pytest.mark.parametrize("padding", ["center", "same"])
@pytest.mark.parametrize(("n_fft", "hop"), [(64, 16), (60, 25)])
def test_inverse_undoes_the_transform(padding, n_fft, hop):
    waveform = noise(2, hop * 20)
    stft = Stft(n_fft, hop, padding=padding)
    restored = stft.inverse(stft(waveform), waveform.shape[1])
    assert restored.shape == waveform.shape
    torch.testing.assert_close(restored, waveform, atol=1e-4, rtol=1e-4)


def test_a_cosine_at_a_bin_has_half_the_window_sum_there():
    time = torch.arange(4096)
    spectrum = Stft(256, 64).magnitude(torch.cos(2 * torch.pi * 16 * time / 256)[None])
    middle = spectrum[0, :, spectrum.shape[2] // 2]
    assert middle.argmax() == 16
    assert middle[16].item() == pytest.approx(256 / 2 / 2, rel=1e-4)


@pytest.mark.parametrize(("n_fft", "hop"), [(8, 2), (9, 3), (8, 3)])
def test_gradient_of_a_magnitude_is_that_of_the_complex_spectrogram(n_fft, hop):
    window = torch.hann_window(n_fft, dtype=torch.float64) + 0.1
    waveform = noise(2, 25).double().requires_grad_()
    plain = torch.fft.rfft(waveform.unfold(-1, n_fft, hop) * window).abs()
    ours = MagnitudeSpectrogram.apply(waveform, window, hop)
    torch.testing.assert_close(ours, plain)
    weight = torch.randn_like(plain)
    expected = torch.autograd.grad((plain * weight).sum(), waveform)
    torch.testing.assert_close(torch.autograd.grad((ours * weight).sum(), waveform), expected)
    assert torch.autograd.gradcheck(lambda x: MagnitudeSpectrogram.apply(x, window, hop), waveform)


@pytest.mark.parametrize("kind", [Stft, TightStft])
def test_a_magnitude_is_that_of_the_complex_spectrogram(kind):
    stft, waveform = kind(64, 16), noise(2, 500)
    torch.testing.assert_close(stft.magnitude(waveform), stft(waveform).abs())


@pytest.mark.parametrize(("length", "hop"), [(8, 4), (8, 3)])
def test_overlap_add_is_the_adjoint_of_split_frames(length, hop):
    waveform = noise(2, 35 // hop * hop + length % hop)
    frames = split_frames(waveform, length, hop)
    other = torch.randn(frames.shape, generator=torch.Generator().manual_seed(1))
    added = overlap_add(other, hop)
    torch.testing.assert_close((frames * other).sum(), (waveform[:, : added.shape[1]] * added).sum())


def test_gradient_of_silence_is_finite():
    waveform = torch.zeros(1, 512, requires_grad=True)
    safe_log(Stft(64, 16).magnitude(waveform)).sum().backward()
    assert torch.isfinite(waveform.grad).all()


@pytest.mark.parametrize("scale", ["slaney", "htk"])
def test_mel_scale_known_values_and_inverse(scale):
    slaney, htk = {500.0: 7.5, 1000.0: 15.0, 6400.0: 42.0}, {700.0: 781.173, 1000.0: 999.986}
    known = slaney if scale == "slaney" else htk
    hertz = torch.tensor(list(known), dtype=torch.float64)
    mel = hertz_to_mel(hertz, scale)
    np.testing.assert_allclose(mel, list(known.values()), atol=1e-3)
    torch.testing.assert_close(mel_to_hertz(mel, scale), hertz)


@pytest.mark.parametrize(("scale", "unit_area"), [("slaney", True), ("htk", False)])
def test_filterbank_agrees_with_librosa(scale, unit_area):
    librosa = pytest.importorskip("librosa")
    norm = "slaney" if unit_area else None
    expected = librosa.filters.mel(sr=16000, n_fft=1024, n_mels=80, fmin=20, htk=scale == "htk", norm=norm)
    ours = mel_filterbank(16000, 1024, 80, 20.0, scale=scale, unit_area=unit_area)
    np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_unit_area_filters_integrate_to_one():
    areas = mel_filterbank(16000, 8192, 40).sum(1) * 16000 / 8192
    np.testing.assert_allclose(areas, 1, atol=0.03)


def test_neighbouring_filters_sum_to_one():
    total = mel_filterbank(16000, 1024, 40, scale="htk", unit_area=False).sum(0)
    inside = slice(4, 474)  # from the first filter's centre to the last one's
    np.testing.assert_allclose(total[inside], 1, atol=1e-5)


@pytest.mark.parametrize("power", [1, 2])
def test_mel_spectrogram_is_the_filterbank_times_the_magnitudes(power):
    waveform = noise(2, 2000)
    window = np.hanning(257)[:-1]
    padded = np.pad(waveform.numpy(), ((0, 0), (128, 128)), mode="reflect")
    frames = np.stack([padded[:, i * 64 : i * 64 + 256] * window for i in range(2000 // 64 + 1)], axis=2)
    expected = mel_filterbank(16000, 256, 20).numpy() @ np.abs(np.fft.rfft(frames, axis=1)) ** power
    ours = MelSpectrogram(16000, 256, 64, 20, power)(waveform)
    assert ours.shape == (2, 20, 32)
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)


def test_errors_name_the_numbers():
    with pytest.raises(ConfigError, match="hop"):
        Stft(64, 128)
    with pytest.raises(ConfigError, match="mel filters are empty"):
        mel_filterbank(16000, 64, 80)
    with pytest.raises(ValueError, match="too few"):
        Stft(64, 16)(torch.zeros(1, 20))


@pytest.mark.parametrize("n", [8, 9])
def test_what_a_real_signal_has_no_imaginary_part_for_counts_for_nothing(n, monkeypatch):
    spectrum = torch.view_as_complex(torch.randn(3, n // 2 + 1, 2, generator=torch.Generator().manual_seed(1)))
    upper = spectrum[:, 1 : (n + 1) // 2].conj().flip(-1)
    expected = torch.fft.ifft(torch.cat([spectrum, upper], dim=-1), n=n)
    expected = expected.real  # the imaginary parts at the ends come out imaginary
    torch.testing.assert_close(inverse_fft(spectrum, n), expected)
    given = []
    monkeypatch.setattr(torch.fft, "irfft", lambda x, n: given.append(x))
    inverse_fft(spectrum, n)
    ends = given[0].imag[:, [0, -1]] if n % 2 == 0 else given[0].imag[:, :1]
    assert (ends == 0).all() and (given[0].imag[:, 1 : (n + 1) // 2] != 0).all()
