"""The one training loop: resumable to the bit, with EMA, schedules, a finite-loss guard and logs.

Everything random in a step (batch, crop, noise, dropout) derives from `(seed, step)`: the loop seeds torch at the
start of each step, and data code draws from `step_generator`. So a run that resumes from any checkpoint sees what
an uninterrupted one would have seen, and no random-number state has to be stored.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator, DistributedDataParallelKwargs, PartialState
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from shared.device import computes_in_bf16
from shared.progress import Progress
from shared.training.average import WeightAverage
from shared.training.checkpoint import load_checkpoint, save_checkpoint
from shared.training.config import TrainingConfig
from shared.training.sharding import gather, load_optimizer, load_weights, shard_like

CUDA_CHECK_EVERY = 20  # reading a loss waits for the GPU, so there the guard looks only every so many steps


class NonFiniteLossError(RuntimeError):
    """A loss term became NaN or infinite."""


@dataclass
class Task:
    """What is trained: the modules, their optimisers, and one step.

    Attributes:
        name: shown in the progress line.
        config: steps, schedule, EMA.
        seed: of everything random.
        model: the module whose (averaged) weights are the result.
        optimizers: by name; all follow the one schedule.
        step: `step(index)` does one whole update and returns its loss terms as scalars.
        helpers: further trained modules (a discriminator), kept in the checkpoint only.
        learning_rate: of a step; none: the config's schedule over all of its steps.
        after_step: called with the number of steps that are done, after each one and before its checkpoint. A step
            may be done twice, where a run was killed between the two.
    """

    name: str
    config: TrainingConfig
    seed: int
    model: nn.Module
    optimizers: dict[str, torch.optim.Optimizer]
    step: Callable[[int], dict[str, Tensor]]
    helpers: dict[str, nn.Module] = field(default_factory=dict)
    learning_rate: Callable[[int], float] | None = None
    after_step: Callable[[int], None] | None = None

    @property
    def modules(self) -> dict[str, nn.Module]:
        """All that is trained, by name."""
        return {"model": self.model, **self.helpers}


def make_accelerator(precision: str, freezes: bool = False) -> Accelerator:
    """An accelerator on the GPU where there is one, else on the CPU.

    Args:
        precision: as in `TrainingConfig`.
        freezes: whether a replica must not wait for gradients of parameters that a step leaves out.
    """
    if precision == "auto":
        precision = "bf16" if computes_in_bf16() else "no"
    handlers = [DistributedDataParallelKwargs(find_unused_parameters=True)] if freezes else None
    return Accelerator(cpu=not torch.cuda.is_available(), mixed_precision=precision, kwargs_handlers=handlers)


def step_generator(seed: int, step: int, *part: int) -> np.random.Generator:
    """The random generator for the data of one step, or of a part of it."""
    return np.random.default_rng((seed, step, *part))


def fit(task: Task, checkpoints: Path, fingerprint: str) -> dict[str, Tensor]:
    """Train `task` to its last step, from its checkpoint if there is one; returns the (averaged) weights to keep.

    Args:
        task: what to train.
        checkpoints: folder of the checkpoints and the TensorBoard logs.
        fingerprint: of config, code and inputs; a checkpoint with another one is not resumed.

    Raises:
        NonFiniteLossError: a loss is NaN or infinite; names the step and the term. The last checkpoint is kept.
    """
    config = task.config
    average = WeightAverage(config.ema) if config.ema else None
    start, state = load_checkpoint(checkpoints, fingerprint)
    if state is not None:
        _restore(state, task, average)
    # One process speaks and writes for all.
    first = PartialState().is_main_process
    progress = Progress(task.name, config.steps, initial=start, unit="step")
    with SummaryWriter(checkpoints, purge_step=start) if first else contextlib.nullcontext() as writer:
        for step in range(start, config.steps):
            losses = _train_step(task, step)
            if average:
                average.update(task.model)
            done = step + 1
            if task.after_step:
                task.after_step(done)
            saving = done % config.checkpoint_every == 0 or done == config.steps
            if saving or step % CUDA_CHECK_EVERY == 0 or not torch.cuda.is_available():
                read = {name: float(value) for name, value in losses.items()}
                _check_finite(task.name, step, read)
                if first:
                    progress.update(done - progress.done, **read)
                if writer and step % CUDA_CHECK_EVERY == 0:
                    for name, value in read.items():
                        writer.add_scalar(name, value, step)
            if saving:
                state = gather(_state(task, average), keep=first)
                if first:
                    save_checkpoint(checkpoints, fingerprint, done, state)
    return gather(task.model.state_dict() | (average.weights if average else {}), keep=first)


def _train_step(task: Task, step: int) -> dict[str, Tensor]:
    torch.manual_seed(int(step_generator(task.seed, step).integers(2**63)))
    config = task.config
    rate = task.learning_rate(step) if task.learning_rate else config.learning_rate.at(step, config.steps)
    for optimizer in task.optimizers.values():
        for group in optimizer.param_groups:
            group["lr"] = rate
    return task.step(step)


def _check_finite(name: str, step: int, losses: dict[str, float]) -> None:
    bad = {term: value for term, value in losses.items() if not np.isfinite(value)}
    if bad:
        raise NonFiniteLossError(
            f"{name}: step {step}: loss is not finite: {bad}; lower training.learning_rate.peak or set "
            "training.gradient_clip; the last checkpoint is kept"
        )


def _state(task: Task, average: WeightAverage | None) -> dict:
    return {
        "modules": {name: module.state_dict() for name, module in task.modules.items()},
        "optimizers": {name: optimizer.state_dict() for name, optimizer in task.optimizers.items()},
        "average": average.weights if average else {},
    }


def _restore(state: dict, task: Task, average: WeightAverage | None) -> None:
    for name, module in task.modules.items():
        load_weights(module, state["modules"][name])
    for name, optimizer in task.optimizers.items():
        load_optimizer(optimizer, state["optimizers"][name])
    if average:
        now = task.model.state_dict()
        saved = {name: value.to(now[name].device) for name, value in state["average"].items()}
        average.weights = {name: shard_like(value, now[name]) for name, value in saved.items()}
