"""What generators have in common, and what models the velocity of the flow."""

from torch import Tensor, nn

from shared.text.base import Text


class Generator(nn.Module):
    """Makes latents; what it is called with is a matter of its kind.

    Attributes:
        patch: frames that a prompt's length is a multiple of.
    """

    patch: int


class VelocityModel(nn.Module):
    """Velocity of the flow at noisy latents, given a text and audio context."""

    def forward(
        self, latents: Tensor, time: Tensor, context: Tensor, frames: Tensor, text: Text, keep: Tensor,
        return_layer: int | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Velocity `(batch, frames, dim)`.

        Args:
            latents: noisy latents z_t, `(batch, frames, dim)`.
            time: flow time in [0, 1], 0 is noise; `(batch,)`.
            context: clean latents where they are given, 0 elsewhere; `(batch, frames, dim)`.
            frames: true number of frames of each example, `(batch,)`.
            text: what the text encoder made of the texts.
            keep: 1 where the text is given, 0 where it is dropped; `(batch,)`.
            return_layer: also return the hidden states `(batch, frames, width)` after this many blocks (REPA).
        """
        raise NotImplementedError
