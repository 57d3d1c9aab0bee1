"""Resemblyzer's speaker embedding (Wan et al. 2018, arXiv 1710.10467, GE2E), weights of package `Resemblyzer`.

    e = Σ_p relu(W h_p) / |relu(W h_p)|,  over its norm;  h_p: last state of an LSTM over a part p of 1.6 s

The weights come from the package; the arithmetic is here, as the package imports librosa and a voice activity detector.
That detector, which cuts pauses, is left out: on espeak's voices it raises the equal error rate (5.8 against 4.2 %). A
test holds the embedding to the package's `embed_utterance`.
"""

import numpy as np
import torch
from torch import Tensor, nn

from shared.audio.spectral import mel_filterbank
from shared.device import device
from shared.evaluators.package import load_packaged, package_folder

SAMPLE_RATE = 16_000
N_FFT, HOP, N_MELS = 400, 160, 40
PART, STEP = 160, 77  # frames of a part, and from one to the next: 1.3 a second
LEAST_COVERED = 0.75  # of a last part, to count
WIDTH, LAYERS = 256, 3
WEIGHTS = "pretrained.pt"


class Network(nn.Module):
    """The network, with the package's names."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(N_MELS, WIDTH, LAYERS, batch_first=True)
        self.linear = nn.Linear(WIDTH, WIDTH)

    def forward(self, parts: Tensor) -> Tensor:
        """`(parts, PART, N_MELS)` -> embeddings of unit length `(parts, WIDTH)`."""
        _, (hidden, _) = self.lstm(parts)
        raw = self.linear(hidden[-1]).relu()
        return raw / raw.norm(dim=1, keepdim=True)


def part_starts(samples: int) -> list[int]:
    """First frame of each part of a clip of so many samples; a short clip has one, filled up with zeros."""
    frames = -(-(samples + 1) // HOP)
    starts = list(range(0, max(1, frames - PART + STEP + 1), STEP))
    covered = (samples - starts[-1] * HOP) / (PART * HOP)
    return starts[:-1] if covered < LEAST_COVERED and len(starts) > 1 else starts


def mel_power(audio: np.ndarray) -> np.ndarray:
    """Mel spectrogram of power, not logarithmic: `(time,)` -> float32 `(frames, N_MELS)`."""
    padded = np.pad(audio.astype(np.float32), N_FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP]
    window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
    return (power @ mel_filterbank(SAMPLE_RATE, N_FFT, N_MELS).numpy().T).astype(np.float32)


class VoiceEncoder:
    """The model, loaded. Its answer depends on the level, since the spectrogram is not logarithmic.

    Raises:
        ConfigError: the package is not installed, or has other weights.
    """

    name, sample_rate = "Resemblyzer's voice encoder", SAMPLE_RATE

    def __init__(self):
        path = package_folder("resemblyzer", "resemblyzer") / WEIGHTS
        self.network = Network()
        self.weights_sha256 = load_packaged(self.network, path, "Resemblyzer 0.1.4", _weights)

    @torch.inference_mode()
    def embed(self, audio: np.ndarray) -> np.ndarray:
        """Embedding `(WIDTH,)` of unit length of `(time,)` at `SAMPLE_RATE`."""
        starts = part_starts(len(audio))
        mel = mel_power(np.pad(audio, (0, max(0, (starts[-1] + PART) * HOP - len(audio)))))
        parts = torch.from_numpy(np.stack([mel[start : start + PART] for start in starts]))
        mean = self.network(parts.to(device())).mean(dim=0)
        return (mean / mean.norm()).cpu().numpy()


def _weights(saved: dict[str, dict[str, Tensor]]) -> dict[str, Tensor]:
    # The file also has the scale of the loss.
    return {name: value for name, value in saved["model_state"].items() if "similarity" not in name}
