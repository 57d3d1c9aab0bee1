"""What can be set about the transformer of a next-token model. Imports no torch."""

from collections.abc import Iterable
from typing import ClassVar, Self

from pydantic import Field

from shared.kinds import Kind


class BackboneConfig(Kind):
    """A causal transformer over texts and latents; its module has `build(config)`, a `Backbone`.

    Attributes:
        reads_characters: whether its tokens are characters, of which it has a vocabulary.
    """

    PACKAGE: ClassVar[str] = "shared.generators.backbones"
    reads_characters: ClassVar[bool] = False

    kind: str
    width: int = Field(gt=0)

    def knowing(self, texts: Iterable[str]) -> Self:
        """The same, with a vocabulary that has all characters of `texts` if it reads characters."""
        return self
