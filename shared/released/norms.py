"""Weights under weight normalisation, whatever they are called in a file.

A weight is `g v / ‖v‖`, g a length for each output. PyTorch called the two `weight_g` and `weight_v`, and calls them
`parametrizations.weight.original0` and `1` today; where they were joined, before a model was saved, v is the weight.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

TODAY = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}


class Taken(NamedTuple):
    """A tensor, and the names in the file that it is of; None: there is no such tensor."""

    tensor: Tensor | None
    names: tuple[str, ...]


def in_parts(weights: Mapping[str, Tensor], name: str) -> Taken:
    """The tensor called `name`, which may end in `weight_g` or `weight_v`."""
    if name in weights:
        return Taken(weights[name], (name,))
    module, _, leaf = name.rpartition(".")
    if leaf not in TODAY:
        return Taken(None, ())
    today, joined = f"{module}.{TODAY[leaf]}", f"{module}.weight"
    if today in weights:
        return Taken(weights[today], (today,))
    if joined not in weights:
        return Taken(None, ())
    weight = weights[joined]
    lengths = torch.linalg.vector_norm(weight.float(), dim=tuple(range(1, weight.ndim)), keepdim=True)
    return Taken(lengths if leaf == "weight_g" else weight, (joined,))
