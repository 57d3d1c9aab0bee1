"""How a batch is shared among micro-batches and processes, so that the number of processes changes nothing."""

import contextlib
from collections.abc import Iterator

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn

from shared.config import ConfigError
from shared.training.config import TrainingConfig
from shared.training.loop import step_generator


class MicroBatches:
    """The micro-batches of each step that this process works on.

    `training.accumulation` splits a batch, whatever the number of processes; each micro-batch draws its examples and
    its noise from `(seed, step, micro-batch)`. So one process that accumulates two and two processes with one each
    add up the same gradients.

    Attributes:
        size: examples in a micro-batch.
        mine: which ones this process works on.

    Raises:
        ConfigError: the processes can't share the micro-batches evenly.
    """

    def __init__(self, accelerator: Accelerator, training: TrainingConfig, seed: int):
        if training.accumulation % accelerator.num_processes:
            raise ConfigError(
                f"training.accumulation: {training.accumulation} micro-batches can't be shared by "
                f"{accelerator.num_processes} processes; set it to a multiple of {accelerator.num_processes}"
            )
        self.accelerator, self.seed = accelerator, seed
        self.size = training.batch // training.accumulation
        self.mine = range(accelerator.process_index, training.accumulation, accelerator.num_processes)

    def __call__(self, step: int, *models: nn.Module) -> Iterator[np.random.Generator]:
        """Seed torch for each micro-batch of `step` and yield the generator to draw its data from.

        Gradients of the prepared `models` are averaged over the processes at the last one only.
        """
        for micro in self.mine:
            generator = step_generator(self.seed, step, micro)
            torch.manual_seed(int(generator.integers(2**63)))
            with contextlib.ExitStack() as contexts:
                if micro != self.mine[-1]:
                    for model in models:
                        contexts.enter_context(self.accelerator.no_sync(model))
                yield generator

    def mean(self, terms: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
        """Mean over micro-batches and processes of each loss term."""
        means = {name: torch.stack([each[name] for each in terms]).mean() for name in terms[0]}
        return self.accelerator.reduce(means, "mean") if self.accelerator.num_processes > 1 else means
