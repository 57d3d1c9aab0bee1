"""What every training has: steps, batches, schedule, precision. Imports no torch."""

from typing import Literal

from pydantic import Field, model_validator

from shared.config import Strict
from shared.training.schedule import ScheduleConfig


class TrainingConfig(Strict):
    """What every training has."""

    steps: int = Field(gt=0)
    batch: int = Field(gt=0, description="examples a step, over all processes together")
    accumulation: int = Field(
        1, gt=0, description="micro-batches that the batch is split into; a multiple of the number of processes"
    )
    learning_rate: ScheduleConfig
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = Field(0.0, ge=0)
    gradient_clip: float | None = Field(None, gt=0, description="greatest norm of the gradient")
    ema: float = Field(0.0, ge=0, lt=1, description="decay of the averaged weights that are kept; 0: the last ones")
    precision: Literal["no", "bf16", "auto"] = Field(
        "no", description="autocast: none, bfloat16, or bfloat16 where the hardware is quicker in it"
    )
    recompute_activations: bool = Field(
        False, description="keep only each block's input for the backward pass: less memory, a third more time"
    )
    compile: bool = Field(
        False, description="compile each block (torch.compile): quicker steps after a minute or more of compilation"
    )
    sharded: bool = Field(
        False,
        description="with several processes, each holds a share of weights and optimiser state (FSDP), not a replica",
    )
    checkpoint_every: int = Field(500, gt=0, description="steps")

    @model_validator(mode="after")
    def _micro_batches_are_even(self):
        if self.batch % self.accumulation:
            raise ValueError(f"batch {self.batch} can't be split into {self.accumulation} (accumulation) equal parts")
        return self
