"""Several discriminators as one: what an autoencoder's decoder is trained against, with `shared.losses.adversarial`.

Each hears one waveform at a time. Stereo is heard as four of them: left, right, their sum and their difference, so that
what lies between the channels is judged as well. SAME (arXiv 2605.18613) compares spectra of the same four; how its
discriminators hear stereo is not in what we have of the paper, and this is a guess.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from shared.audio.stereo import sum_difference
from shared.discriminators.config import DiscriminatorConfig
from shared.discriminators.layers import Features

PEAK = 0.8  # of DAC's normalised waveforms


def normalize_volume(audio: Tensor) -> Tensor:
    """Each example of `(batch, channels, time)` without its mean, and with a peak of 0.8; silence stays silence.

    Two channels are scaled alike, by the louder one's peak.
    """
    audio = audio - audio.mean(dim=-1, keepdim=True)
    return PEAK * audio / (audio.abs().amax(dim=(1, 2), keepdim=True) + 1e-9)


def waveforms_of(audio: Tensor) -> Tensor:
    """What is heard one by one: `(batch, 1, time)` -> `(batch, time)`, `(batch, 2, time)` -> `(4 · batch, time)`.

    Of each example left, right, sum and difference come one after the other, so that halves of a batch stay halves.
    """
    heard = audio if audio.shape[1] == 1 else torch.cat([audio, sum_difference(audio)], dim=1)
    return heard.flatten(0, 1)


class CombinedDiscriminator(nn.Module):
    """All scales of all discriminators in one flat list.

    Raises:
        ConfigError: a transform does not go with the sampling rate.
    """

    def __init__(self, configs: Sequence[DiscriminatorConfig], sample_rate: int, normalize: bool = False):
        super().__init__()
        self.normalize = normalize
        self.scales = nn.ModuleList(scale for config in configs for scale in config.build(sample_rate))

    def forward(self, audio: Tensor) -> tuple[list[Tensor], list[Features]]:
        """`(batch, channels, time)` -> logits and features, an entry a scale."""
        if self.normalize:
            audio = normalize_volume(audio)
        waveforms = waveforms_of(audio)
        outputs = [scale(waveforms) for scale in self.scales]
        return [logits for logits, _ in outputs], [features for _, features in outputs]
