"""How the learning rate goes over the steps. Imports no torch."""

import math
from typing import Literal

from pydantic import Field, model_validator

from shared.config import Strict


class ScheduleConfig(Strict):
    """Linear warm-up to `peak`, a share of the rest at it, then a decay to `final` at the last step."""

    peak: float = Field(gt=0)
    final: float = Field(ge=0)
    warmup: int = Field(0, ge=0, description="steps")
    hold: float = Field(0.0, ge=0, lt=1, description="share of the steps after the warm-up that stay at the peak")
    decay: Literal["linear", "cosine", "exponential"] = "linear"

    @model_validator(mode="after")
    def _decays(self):
        if self.final > self.peak:
            raise ValueError("final learning rate is above the peak")
        if self.decay == "exponential" and not self.final:
            raise ValueError("an exponential decay never comes to 0; give a final above it")
        return self

    def at(self, step: int, total: int) -> float:
        """Learning rate of 0-based `step` out of `total`."""
        if step < self.warmup:
            return self.peak * (step + 1) / self.warmup
        after = min(1.0, (step - self.warmup) / max(1, total - 1 - self.warmup))
        progress = max(0.0, after - self.hold) / (1 - self.hold)
        if self.decay == "exponential":
            return self.peak * (self.final / self.peak) ** progress
        if self.decay == "cosine":
            progress = 0.5 - 0.5 * math.cos(math.pi * progress)
        return self.peak + (self.final - self.peak) * progress
