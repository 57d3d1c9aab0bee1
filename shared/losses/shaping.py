"""What a loss is that shapes a latent while it is learned: a small model over the latents, trained with them."""

from typing import NamedTuple

from torch import Tensor, nn


class ShapingSetup(NamedTuple):
    """What a shaping loss is built for.

    Attributes:
        latent_dim: channels of a latent frame.
        hop: samples of one.
        channels: of the audio.
        sample_rate: in Hz.
        length: of a crop, in samples.
        texts: of all clips, for a loss that reads; else none.
    """

    latent_dim: int
    hop: int
    channels: int
    sample_rate: int
    length: int
    texts: list[str] | None = None


class ShapingLoss(nn.Module):
    """Base of the losses that shape a latent.

    Attributes:
        remark: what there is to say about its set-up before training starts.
    """

    remark: str | None = None

    def forward(self, latents: Tensor, audio: Tensor, texts: list[str] | None = None) -> Tensor:
        """The loss, a scalar.

        Args:
            latents: what is decoded, without the noise of the decoder's input, `(batch, dim, frames)`. For the first
                `detach_steps` steps no gradient goes on from them.
            audio: what they are of, `(batch, channels, time)`; time is frames · hop.
            texts: of the clips, for a loss that reads.
        """
        raise NotImplementedError

    def follow(self, std: Tensor) -> None:
        """Take note of the standard deviation of a step's latents, a scalar, after the step."""
