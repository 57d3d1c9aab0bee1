"""What can be set about sampling an infilling generator. Imports no torch."""

from typing import ClassVar, Literal

from pydantic import Field

from shared.config import Strict
from shared.sampling.solver_config import SolverConfig


class GuidanceConfig(Strict):
    """Kind and strength of the guidance."""

    kind: Literal["cfg", "apg"] = "apg"
    scale: float = Field(4.0, ge=0, description="α; 0 is no guidance")
    parallel: float = Field(0.5, ge=0, description="η, weight of the update's part along the prediction (apg)")
    parallel_scaled: bool = Field(
        True,
        description="apg: α(orthogonal + η·parallel) as the released code has it; false: α·orthogonal + η·parallel, "
        "eq. 9 of the paper",
    )
    momentum: float = Field(-0.3, gt=-1, lt=1, description="β, weight of the earlier updates (apg)")


class InfillingSolverConfig(SolverConfig):
    """Of an infilling generator: steps along its path, and what is done about the prompt."""

    longest: ClassVar[float] = 1.0  # how long it speaks is given, not found

    kind: Literal["infilling"] = "infilling"
    evaluations: int = Field(16, ge=1, description="NFE: evaluations of the guided velocity, one a step")
    sway: float | None = Field(
        None, ge=-1, le=1.75,
        description="s of sway sampling: t + s (cos(π t / 2) − 1 + t) for t, with shorter steps near the noise where s "
        "is below 0 (F5-TTS: −1); null: equal steps",
    )
    guidance: GuidanceConfig = GuidanceConfig()
    prompt_fix: bool = Field(
        True,
        description="at each step overwrite the prompt's part of z_t by its true path, and remove it from the "
        "unconditional branch (LongCat section 3.3); false leaves the mismatch with training in",
    )
