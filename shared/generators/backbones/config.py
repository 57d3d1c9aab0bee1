"""What can be set about the transformer of a next-token model. Imports no torch."""

from collections.abc import Iterable
from typing import ClassVar, Self

from pydantic import Field

from shared.kinds import Kind
from shared.text.characters import Vocabulary


class BackboneConfig(Kind):
    """A causal transformer over texts and latents; its module has `build(config)`, a `Backbone`.

    """

    PACKAGE: ClassVar[str] = "shared.generators.backbones"

    kind: str
    width: int = Field(gt=0)

    @property
    def characters(self) -> Vocabulary | None:
        """Its tokens, where they are characters; None: they are a language model's."""
        return None

    def knowing(self, texts: Iterable[str]) -> Self:
        """The same, with a vocabulary that has all characters of `texts` if it reads characters."""
        return self
