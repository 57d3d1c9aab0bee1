"""What can be set about sampling a next-token generator. Imports no torch."""

from typing import Literal

from pydantic import Field

from shared.sampling.solver_config import SolverConfig


class NextTokenSolverConfig(SolverConfig):
    """Of a next-token generator: steps for each patch, and where speech that does not end is cut off."""

    kind: Literal["next_token"]
    evaluations: int = Field(10, ge=1, le=500, description="NFE: evaluations of the guided prediction, a patch")
    guidance: float = Field(
        0.0, ge=0,
        description="w in (1 + w) · prediction − w · prediction without the backbone's state; 0 is none (SemaVoice: "
        "2.5; VibeVoice's scale is 1 + w: 0.3)",
    )
    longest: float = Field(
        2.0, gt=0, description="where a clip is cut off that has not ended: so many times as long as is predicted"
    )
