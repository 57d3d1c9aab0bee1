"""What can be set about a frozen UMT5. Imports no torch."""

from typing import Annotated, ClassVar, Literal

from shared.config import MODEL
from shared.text.config import TextConfig


class UMT5Config(TextConfig):
    """A frozen multilingual T5 encoder from the hub or a local folder."""

    frozen: ClassVar[bool] = True

    kind: Literal["umt5"]
    model: Annotated[str, *MODEL] = "google/umt5-base"
    dim: int = 768
