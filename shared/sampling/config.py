"""What can be set about sampling. Apart from the generator's own config, so that a change here retrains nothing.

Imports no torch.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from shared.config import Strict
from shared.generators.next_token_config import kind_of_generator


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


class SolverConfig(Strict):
    """Of an infilling generator: steps along its path, and what is done about the prompt."""

    longest: ClassVar[float] = 1.0  # how long it speaks is given, not found

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


class NextTokenSolverConfig(Strict):
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


AnySolverConfig = Annotated[
    Annotated[SolverConfig, Tag("infilling")] | Annotated[NextTokenSolverConfig, Tag("next_token")],
    Discriminator(kind_of_generator),
]


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

    solver: AnySolverConfig = SolverConfig()
    duration: DurationConfig = DurationConfig()
    prompt: Literal["matched", "swapped"] | PrefixConfig = Field(
        "matched",
        description="the recording that the prompt's text is of; swapped: another one by the same speaker, a control "
        "that tells a generator that reads from one that copies what it hears at the text's places; or a prefix",
    )
    batch: int = Field(20, ge=1, description="clips sampled at once")
