"""What diffusion heads have in common: the backbone's state and the diffusion time modulate each of their layers."""

import torch.nn.functional as F
from torch import Tensor, nn

from shared.layers.attention import time_features


class Head(nn.Module):
    """Predicts a patch's noise (or v) from the backbone's state.

    Sampling asks for the modulations of all its steps at once, `modulations`, and then for one prediction after another
    with them, `modulated`. Training, where each example has a time of its own, calls the head, which is the same.

    Attributes:
        state_embed: of the backbone's state, to the head's width.
        time_embed: of the time's features, likewise.
        inclusive: which frequencies they have, see `time_features`.
    """

    state_embed: nn.Module
    time_embed: nn.Module
    inclusive = True

    def forward(self, noisy: Tensor, time: Tensor, state: Tensor, previous: Tensor) -> Tensor:
        """The prediction, shaped as `noisy`.

        Args:
            noisy: patches, `(n, patch, dim)`.
            time: diffusion time in [0, 1), 0 is clean; `(n,)`.
            state: the backbone's state before each patch, or the learned null, `(n, width)`.
            previous: the patches before, shaped as `noisy`.
        """
        raise NotImplementedError

    def embed_times(self, times: Tensor) -> Tensor:
        """`(times,)` -> `(times, width)`, for `modulations`."""
        return self.time_embed(time_features(times, inclusive=self.inclusive))

    def condition(self, times: Tensor, state: Tensor) -> Tensor:
        """What the modulations are made of: embedded times and states, `(..., width)` each."""
        return F.silu(self.state_embed(state) + times)

    def modulations(self, times: Tensor, state: Tensor) -> list[Tensor]:
        """What each layer is modulated by at each time for each state, `(times, n, …)` each.

        Args:
            times: from `embed_times`, `(times, width)`.
            state: `(n, width)`.
        """
        condition = self.condition(times.unsqueeze(1), state)
        return [layer(condition) for layer in self.modulation_layers()]

    def modulation_layers(self) -> list[nn.Linear]:
        """The layers that make modulations of the condition, in the order of `modulated`."""
        raise NotImplementedError

    def modulated(self, noisy: Tensor, modulations: list[Tensor], previous: Tensor) -> Tensor:
        """The prediction with modulations at one time, `(n, …)` each; the rest as of `forward`."""
        raise NotImplementedError
