"""Units of a model: the parts that training recomputes, compiles or shards as a whole."""

from torch import nn


class Unit(nn.Module):
    """Base of a part, most often one of many equal blocks, that training handles as a whole.

    `shared.training.models` finds these in a model. It may keep only a unit's input for the backward pass and compute
    the rest again there, compile each by itself, or have each process hold a share of each one's weights.
    """
