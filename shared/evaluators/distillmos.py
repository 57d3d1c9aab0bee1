"""DistillMOS: quality of speech without a reference (Stahl and Gamper 2025, arXiv 2502.05356), weights of `distillmos`.

    MOS = 1 + 4 sigmoid(w · Σ_t α_t h_t),  h: a transformer over convolutions of the compressed spectrum |X|^0.3 X / |X|

The weights come from the package; the network is here, as the package's module imports torchaudio for its command line,
and a second package for the transformer. A test holds the results to those of the package.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from shared.device import device
from shared.evaluators.package import load_packaged, package_folder

SAMPLE_RATE = 16_000
WINDOW = 122_880  # samples that the network hears at once, 7.68 s
HOP = 16_000  # most samples from one window to the next
FFT, FFT_HOP = 320, 160
CHANNELS = (2, 64, 64, 128, 256, 256, 256)  # of the convolutions, from real and imaginary part on
BINS = 4  # that the convolutions leave of FFT // 2 + 1
FRAMES, WIDTH, HEADS, LAYERS = 384, 200, 8, 7
# Names of the package's layers, and ours.
NAMES = {
    "cnn.cnn.": "convolutions.", "transformer_pool_attn.": "", "transformer.norm.": "norm.", "transformer_encoder.": "",
    "transformer.position_encoding.pe": "positions", "transformer.linear_proj.": "project.",
    "pool.linear1.": "attend.0.", "pool.linear2.": "attend.2.", "pool.linear3.": "answer.",
}  # fmt: skip
WEIGHTS = "weights/distill_mos_v7.pt"


class Network(nn.Module):
    """The network; layers without dropout, as the weights were trained."""

    positions: Tensor

    def __init__(self):
        super().__init__()
        layers: list[nn.Module] = []
        for index, (inputs, outputs) in enumerate(pairwise(CHANNELS)):
            stride = (2 if index else 1, 2 if index == len(CHANNELS) - 2 else 1)  # over frequency, over time
            layers += [nn.Conv2d(inputs, outputs, 3, stride, padding=(0, 1)), nn.LeakyReLU(0.1)]
        features = CHANNELS[-1] * BINS
        self.convolutions = nn.Sequential(*layers)
        self.norm_input, self.norm = nn.BatchNorm1d(features), nn.BatchNorm1d(features)
        self.project = nn.Linear(features, WIDTH)
        self.register_buffer("positions", torch.zeros(1, FRAMES, WIDTH))
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 2 * WIDTH, dropout=0.0, batch_first=True)
        self.transformer = nn.TransformerEncoder(layer, LAYERS)
        self.norm_trans = nn.BatchNorm1d(WIDTH)
        self.attend = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.ReLU(), nn.Linear(2 * WIDTH, 1))
        self.answer = nn.Linear(WIDTH, 1)

    def forward(self, windows: Tensor) -> Tensor:
        """`(batch, WINDOW)`, each with a peak of 1 -> MOS `(batch,)`."""
        features = self.convolutions(compressed(windows)).flatten(1, 2)  # (batch, features, frames)
        x = self.project(self.norm(self.norm_input(features)).transpose(1, 2)) + self.positions
        x = self.norm_trans(self.transformer(x).transpose(1, 2)).transpose(1, 2)
        pooled = (self.attend(x).softmax(dim=1) * x).sum(dim=1)
        return 1 + 4 * self.answer(pooled)[:, 0].sigmoid()


def compressed(windows: Tensor) -> Tensor:
    """`(batch, time)` -> real and imaginary part of |X|^0.3 X / |X|, `(batch, 2, bins, frames)`."""
    margin = (FFT - FFT_HOP) // 2
    padded = nn.functional.pad(windows, (margin, margin), mode="reflect")
    window = torch.hann_window(FFT, device=windows.device)
    spectrum = torch.stft(padded, FFT, FFT_HOP, window=window, center=False, return_complex=True)
    magnitude = spectrum.abs().clamp_min(1e-12)
    return torch.view_as_real(spectrum * magnitude**-0.7).permute(0, 3, 1, 2)


def windows_of(audio: np.ndarray) -> np.ndarray:
    """Windows `(windows, WINDOW)` of `(time,)`, evenly spaced from start to end, at most a second apart.

    A clip that is shorter is repeated until it fills one. The package fills up with zeros, which it hears: of eight
    recordings cut to 2 s the mean over the standard deviation of what noise at 20 dB takes away is 2.7 then, and 10.8
    with repetition.
    """
    audio = np.tile(audio, -(-WINDOW // len(audio)))[:WINDOW] if len(audio) < WINDOW else audio
    over = len(audio) - WINDOW
    starts = [int(share * over) for share in np.linspace(0, 1, -(-over // HOP) + 1)]
    return np.stack([audio[start : start + WINDOW] for start in starts])


class DistillMos:
    """The model, loaded.

    Raises:
        ConfigError: the package is not installed, or has other weights.
    """

    name, sample_rate = "DistillMOS, weights of package distillmos", SAMPLE_RATE

    def __init__(self):
        path = package_folder("distillmos", "distillmos") / WEIGHTS
        self.network = Network()
        self.weights_sha256 = load_packaged(self.network, path, "distillmos 0.9.1", _weights)

    @torch.inference_mode()
    def score(self, audio: np.ndarray) -> float:
        """MOS of `(time,)` at `SAMPLE_RATE`, 1 to 5, the mean over windows, each of which is heard at a peak of 1."""
        windows = torch.from_numpy(windows_of(audio.astype(np.float32)))
        windows = windows / (windows.abs().amax(dim=1, keepdim=True) + 1e-8)
        # One at a time: a window takes 300 MB.
        return float(np.mean([float(self.network(each[None].to(device()))) for each in windows]))


def _weights(saved: dict[str, dict[str, Tensor]]) -> dict[str, Tensor]:
    return {_name(name): value for name, value in saved["model"].items()}


def _name(name: str) -> str:
    for theirs, ours in NAMES.items():
        name = name.replace(theirs, ours)
    return name
