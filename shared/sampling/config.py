"""What can be set about sampling. Apart from the generator's own config, so that a change here retrains nothing.

Imports no torch.
"""

from typing import Literal

from pydantic import Field, model_validator

from shared.config import Strict
from shared.sampling.infilling_config import InfillingSolverConfig
from shared.sampling.solver_config import SolverConfig


class DurationConfig(Strict):
    """How long a generated text lasts; see `shared.sampling.duration`."""

    seconds_per_character: float | None = Field(
        None, gt=0, description="LongCat's rule; null: seconds of characters and pairs of them, fitted to the corpus"
    )
    pace: tuple[float, float] = Field((1.0, 1.5), description="least and greatest pace, 1 is the mean speaker")

    @model_validator(mode="after")
    def _pace_in_order(self):
        if not 0 < self.pace[0] <= self.pace[1]:
            raise ValueError("pace needs 0 < least <= greatest")
        return self


class PrefixConfig(Strict):
    """The beginning of the test clip itself is continued, under its own text (LatentLM's and VALL-E's "prefix")."""

    prefix_seconds: float = Field(gt=0, description="of the clip, half of it at most (LatentLM: 3)")


class SamplingConfig(Strict):
    """How a generator is sampled."""

    solver: SolverConfig = InfillingSolverConfig()
    duration: DurationConfig = DurationConfig()
    prompt: Literal["matched", "swapped"] | PrefixConfig = Field(
        "matched",
        description="the recording that the prompt's text is of; swapped: another one by the same speaker, a control "
        "that tells a generator that reads from one that copies what it hears at the text's places; or a prefix",
    )
    batch: int = Field(20, ge=1, description="clips sampled at once")
