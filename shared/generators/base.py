"""What generators have in common, and what models the velocity of the flow."""

from typing import Any

from torch import Tensor, nn

from shared.text.base import Text


class Generator(nn.Module):
    """Makes latents; what it is called with is a matter of its kind.

    Attributes:
        patch: frames that a prompt's length is a multiple of.
    """

    patch: int


class VelocityModel(nn.Module):
    """Velocity of the flow at noisy latents, given a text and audio context.

    What is made of text and context is the same at all times of the flow. A solver prepares it once:

        condition = model.prepare(context, frames, text, keep, blocks=True)
        velocity = model.predict(latents, time, condition)  # at each step
    """

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
        return self.predict(latents, time, self.prepare(context, frames, text, keep), return_layer)

    def prepare(self, context: Tensor, frames: Tensor, text: Text, keep: Tensor, blocks: bool = False) -> Any:
        """What `predict` needs to know of the condition; see `forward`.

        Args:
            context, frames, text, keep: as there.
            blocks: also make what each block makes of it, which training leaves to the blocks: they are recomputed
                and sharded as a whole.
        """
        raise NotImplementedError

    def predict(
        self, latents: Tensor, time: Tensor, condition: Any, return_layer: int | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """As `forward`, with `condition` from `prepare`."""
        raise NotImplementedError
