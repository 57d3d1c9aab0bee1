"""Recordings made worse by known steps: what a metric must tell apart before it is believed.

    noise:   y = x + √(mean x² · 10^(−SNR/10)) n,  n: white, the same at each SNR
    phases:  the STFT of y has the magnitudes of x's and phases drawn uniformly, before it is inverted
"""

import numpy as np

N_FFT, HOP = 1024, 256
RECORDINGS, RANDOM_PHASES = "recordings", "random phases"
SNRS_DB = (30, 20, 10, 0)
NOISE = tuple(f"{snr} dB" for snr in SNRS_DB)
RUNGS = (RECORDINGS, *NOISE, RANDOM_PHASES)


def rungs(audio: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """A clip `(time,)` or `(channels, time)` on each rung, as long as it is; the draws are those of the seed."""
    noisy = {name: add_noise(audio, snr, seed) for name, snr in zip(NOISE, SNRS_DB, strict=True)}
    return {RECORDINGS: audio, **noisy, RANDOM_PHASES: random_phases(audio, seed)}


def add_noise(audio: np.ndarray, snr_db: float, seed: int) -> np.ndarray:
    """White noise, `snr_db` below the clip's power over its whole length; beyond full scale it is clipped."""
    noise = np.random.default_rng(seed).standard_normal(audio.shape)
    power = np.sum(audio.astype(np.float64) ** 2, axis=-1, keepdims=True) / max(1, audio.shape[-1])
    return np.clip(audio + np.sqrt(power * 10 ** (-snr_db / 10)) * noise, -1, 1).astype(np.float32)


def random_phases(audio: np.ndarray, seed: int) -> np.ndarray:
    """The clip's own magnitudes at random phases; beyond full scale it is clipped."""
    import torch

    from shared.audio.spectral import Stft

    stft, time = Stft(N_FFT, HOP), audio.shape[-1]
    channels = torch.from_numpy(np.atleast_2d(audio).astype(np.float32))
    padded = max(N_FFT, -(-time // HOP) * HOP)  # what fills no hop would be lost
    spectrum = stft(torch.nn.functional.pad(channels, (0, padded - time)))
    angles = 2 * torch.pi * torch.rand(spectrum.shape, generator=torch.Generator().manual_seed(seed))
    made = stft.inverse(torch.polar(spectrum.abs(), angles), padded)[:, :time]
    return made.clamp(-1, 1).numpy().reshape(audio.shape)
