"""What of a model is treated as one when it is trained."""

from torch import nn


class Unit(nn.Module):
    """A part of a model that is recomputed, compiled or sharded as a whole (`shared/training/models.py`)."""
