"""What a kind of generator is trained to: the loss of a batch and its terms."""

from typing import Protocol

from accelerate import Accelerator
from torch import Tensor, nn

from shared.training.latent_examples import Batch


class Objective(Protocol):
    """The loss of a kind of generator.

    Attributes:
        helpers: modules that are trained with the generator and not kept, by name.
    """

    helpers: dict[str, nn.Module]

    def prepare(self, accelerator: Accelerator) -> list[nn.Module]:
        """Make the helpers ready for training; returns them as they are to be called."""

    def __call__(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch, made with the prepared `model`, and its terms."""
