"""What can be set about the head of a next-token model. Imports no torch."""

from typing import ClassVar

from shared.kinds import Kind


class HeadConfig(Kind):
    """A diffusion head.

    Its module has `build(config, width, patch, latent_dim)`: what predicts a patch's noise or v from the backbone's
    state, as `shared.generators.heads.mlp.MlpHead` does.
    """

    PACKAGE: ClassVar[str] = "shared.generators.heads"

    kind: str
