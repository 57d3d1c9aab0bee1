"""What can be set about LatentLM's head. Imports no torch."""

from typing import Literal

from pydantic import Field

from shared.generators.heads.config import HeadConfig


class MlpHeadConfig(HeadConfig):
    """LatentLM's head, `shared.generators.heads.mlp`, as wide as the backbone."""

    kind: Literal["mlp"]
    depth: int = Field(3, ge=1, description="residual feed-forward layers (LatentLM: 3, VibeVoice: 4)")
    feed_forward: float = Field(3.0, gt=0, description="inner width of the layers, in widths (VibeVoice: 3)")
    time_frequencies: Literal["inclusive", "exclusive"] = Field(
        "inclusive",
        description="of the diffusion time's features, a geometric series from 1 to 1e-4: with 1e-4 itself, or ending "
        "a step before it, as in VibeVoice",
    )
