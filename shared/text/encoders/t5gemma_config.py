"""What can be set about a frozen T5Gemma. Imports no torch."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.config import MODEL
from shared.text.config import TextConfig


class T5GemmaConfig(TextConfig):
    """A frozen T5Gemma encoder from the hub or a local folder; the defaults are Stable Audio 3's."""

    frozen: ClassVar[bool] = True

    kind: Literal["t5gemma"]
    model: Annotated[str, *MODEL] = "google/t5gemma-b-b-ul2"
    dim: int = 768
    tokens: int = Field(256, gt=0, description="of a text at most; the rest of it is not read")
