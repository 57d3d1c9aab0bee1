"""What can be set about a frozen T5. Imports no torch."""

from typing import Annotated, ClassVar, Literal

from shared.config import MODEL
from shared.text.config import TextConfig


class T5Config(TextConfig):
    """A frozen T5 encoder from the hub or a local folder."""

    frozen: ClassVar[bool] = True

    kind: Literal["t5"]
    model: Annotated[str, *MODEL] = "google/t5-v1_1-xxl"
    dim: int = 4096
