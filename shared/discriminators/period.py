"""Period discriminator, used at several periods (Kong et al. 2020, HiFi-GAN, section 2.3).

Each sees the waveform folded to rows of `period` samples, and so every period-th sample as a signal of its own. The
sizes are those of HiFi-GAN, which DAC and Semantic-VAE share. DAC's code mirrors a whole period more where the length
is a multiple of it, and so has a row more there; here nothing is added.
"""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from shared.discriminators.layers import Features, activations, convolution
from shared.discriminators.period_config import PeriodDiscriminatorConfig


class PeriodDiscriminator(nn.Module):
    """Convolutions along the rows, with stride 3 but in the last layer; columns never meet."""

    def __init__(self, period: int, config: PeriodDiscriminatorConfig):
        super().__init__()
        self.period = period
        widths = (1, *config.channels)
        strides = [3] * (len(config.channels) - 1) + [1]
        self.layers = nn.ModuleList(
            convolution(inputs, outputs, (5, 1), (stride, 1))
            for (inputs, outputs), stride in zip(pairwise(widths), strides, strict=True)
        )
        self.head = convolution(widths[-1], 1, (3, 1))

    def forward(self, audio: Tensor) -> tuple[Tensor, Features]:
        """`(batch, time)` -> logits `(batch, 1, rows, period)`, and each layer's activations."""
        padded = F.pad(audio, (0, -audio.shape[-1] % self.period), mode="reflect")
        features = activations(self.layers, padded.unflatten(1, (-1, self.period)).unsqueeze(1), slope=0.1)
        return self.head(features[-1]), features


def build(config: PeriodDiscriminatorConfig, sample_rate: int) -> list[nn.Module]:
    """One for each period."""
    return [PeriodDiscriminator(period, config) for period in config.periods]
