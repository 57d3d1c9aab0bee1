"""Parameter-free shortcuts that change rate and width (LongCat-AudioDiT, arXiv:2603.29339, Wav-VAE).

Beside each strided convolution they carry the signal itself, so that a block only learns a correction.
"""

from torch import Tensor, nn

from shared.config import ConfigError


class FoldShortcut(nn.Module):
    """Lower the rate: fold `stride` steps of time into channels, then average neighbouring channels.

    Raises:
        ConfigError: `inputs * stride` channels do not split into `outputs` equal groups.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        if inputs * stride % outputs:
            raise ConfigError(f"shortcut: {inputs} channels x stride {stride} is no multiple of {outputs}")
        self.outputs, self.stride = outputs, stride

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, inputs, time)` -> `(batch, outputs, time / stride)`; time is a multiple of the stride."""
        folded = x.unflatten(2, (-1, self.stride)).transpose(2, 3).flatten(1, 2)
        return folded.unflatten(1, (self.outputs, -1)).mean(2)


class UnfoldShortcut(nn.Module):
    """Raise the rate: repeat each channel, then unfold `stride` channels into steps of time.

    Raises:
        ConfigError: `outputs * stride` channels are no multiple of `inputs`.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        if outputs * stride % inputs:
            raise ConfigError(f"shortcut: {outputs} channels x stride {stride} is no multiple of {inputs}")
        self.repeats, self.stride = outputs * stride // inputs, stride

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, inputs, time)` -> `(batch, outputs, time * stride)`."""
        repeated = x.repeat_interleave(self.repeats, dim=1)
        return repeated.unflatten(1, (-1, self.stride)).transpose(2, 3).flatten(2)
