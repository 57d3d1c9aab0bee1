"""What can be set about a generator. Imports no torch."""

from collections.abc import Iterable
from typing import ClassVar, Self

from pydantic import Field

from shared.kinds import Kind
from shared.text.config import TextConfig


class GeneratorConfig(Kind):
    """A generator of latents from texts.

    Its module has `build(config, latent_dim)`, and `build_without_text(config, latent_dim)`, which leaves out a text
    encoder that is another's work: what is counted as the generator.
    """

    PACKAGE: ClassVar[str] = "shared.generators"

    kind: str

    @property
    def has_frozen_text(self) -> bool:
        """Whether its text encoder is one from the hub that is not trained, and so not saved with it."""
        return False

    def knowing(self, texts: Iterable[str]) -> Self:
        """The same, with a vocabulary that has all characters of `texts` if it reads characters."""
        return self


class ArchitectureConfig(Kind):
    """The transformer of an infilling generator.

    Its module has `build(config, latent_dim, text_dim)`: a `shared.generators.base.VelocityModel`.
    """

    PACKAGE: ClassVar[str] = "shared.generators"

    kind: str
    width: int = Field(gt=0)
    depth: int = Field(ge=1)

    def check(self, text: TextConfig) -> None:
        """Raise a ValueError where this architecture can't read that text encoder's features."""
