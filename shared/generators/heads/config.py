"""What can be set about the head of a next-token model. Imports no torch."""

from typing import ClassVar

from shared.kinds import Kind


class HeadConfig(Kind):
    """A diffusion head.

    Its module has `build(config, width, patch, latent_dim)`, a `shared.generators.heads.base.Head`.
    """

    PACKAGE: ClassVar[str] = "shared.generators.heads"

    kind: str
