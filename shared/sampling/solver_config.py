"""What solvers have in common. Imports no torch."""

from typing import TYPE_CHECKING, ClassVar

from shared.kinds import Kind


class SolverConfig(Kind):
    """How a generator's latents are found: a kind for each of `GeneratorConfig`'s.

    Its module has `sample(generator, solver, noise, frames, prompts, texts, said)`, which returns the latents that
    follow each prompt, each `(frames, dim)`. It is given

    - the noise that they are made from, `(batch, longest, dim)`, with that of the prompts,
    - most frames of each example, its prompt included, `(batch,)`,
    - scaled latents of the prompts, each `(prompt frames, dim)`,
    - what is said from the beginning of the prompt to the end, and
    - what is said in the prompt alone, None where that is not known.

    Attributes:
        longest: where a clip is cut off that has not ended: so many times as long as is predicted.
    """

    PACKAGE: ClassVar[str] = "shared.sampling"

    kind: str

    if TYPE_CHECKING:

        @property
        def longest(self) -> float: ...
