"""What every training has: steps, batches, schedule, precision. Imports no torch."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from shared.config import Role, Strict
from shared.training.schedule import ScheduleConfig

Beta = Annotated[float, Field(ge=0, lt=1)]


class TrainingConfig(Strict):
    """What every training has.

    How a training is executed is no part of a run's name: it may go on otherwise than it began. That is recomputed
    activations, compilation, shards (results differ by rounding at most) and how often a checkpoint is written.
    Accumulation and precision are part of it: some losses compare the examples of a micro-batch, and bfloat16 is more
    than another rounding.
    """

    steps: int = Field(gt=0)
    batch: int = Field(gt=0, description="examples a step, over all processes together")
    accumulation: int = Field(
        1, gt=0, description="micro-batches that the batch is split into; a multiple of the number of processes"
    )
    learning_rate: ScheduleConfig
    betas: tuple[Beta, Beta] = (0.9, 0.999)
    weight_decay: float = Field(0.0, ge=0)
    gradient_clip: float | None = Field(None, gt=0, description="greatest norm of the gradient")
    ema: float = Field(0.0, ge=0, lt=1, description="decay of the averaged weights that are kept; 0: the last ones")
    precision: Literal["no", "bf16", "auto"] = Field(
        "no", description="autocast: none, bfloat16, or bfloat16 where the hardware is quicker in it"
    )
    recompute_activations: Annotated[bool, Role.EXECUTION] = Field(
        False, description="keep only each block's input for the backward pass: less memory, a third more time"
    )
    compile: Annotated[bool, Role.EXECUTION] = Field(
        False, description="compile each block (torch.compile): quicker steps after a minute or more of compilation"
    )
    sharded: Annotated[bool, Role.EXECUTION] = Field(
        False,
        description="with several processes, each holds a share of weights and optimiser state (FSDP), not a replica",
    )
    checkpoint_every: Annotated[int, Role.EXECUTION] = Field(500, gt=0, description="steps")

    @model_validator(mode="after")
    def _micro_batches_are_even(self):
        if self.batch % self.accumulation:
            raise ValueError(f"batch {self.batch} can't be split into {self.accumulation} (accumulation) equal parts")
        return self
