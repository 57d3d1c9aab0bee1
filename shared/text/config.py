"""What can be set about text encoders. Imports no torch."""

from collections.abc import Iterable
from typing import ClassVar, Self

from pydantic import Field

from shared.kinds import Kind


class TextConfig(Kind):
    """A text encoder.

    Its module has `build(config)`: what makes `Text` of a list of strings, with its `dim` and its `tokenizer`, of
    transformers or None.

    Attributes:
        frozen: whether it is never trained, and so not saved with what reads it.
    """

    PACKAGE: ClassVar[str] = "shared.text.encoders"
    frozen: ClassVar[bool] = False

    kind: str
    dim: int = Field(gt=0, description="channels of a token's features")

    def knowing(self, texts: Iterable[str]) -> Self:
        """The same, with a vocabulary that has all characters of `texts` if there is one."""
        return self
