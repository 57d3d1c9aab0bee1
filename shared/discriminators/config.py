"""What can be set about discriminators. Imports no torch."""

from typing import ClassVar

from shared.kinds import Kind


class DiscriminatorConfig(Kind):
    """A discriminator, at several scales.

    Its module has `build(config, sample_rate)`: for each scale a module, `(batch, time)` -> logits of any shape, and
    each layer's activations.
    """

    PACKAGE: ClassVar[str] = "shared.discriminators"

    kind: str
