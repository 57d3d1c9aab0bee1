"""A model of a library's class with random weights, to show that a chain runs where there are no trained ones."""

from collections.abc import Mapping
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError

from shared.config import ConfigError, did_you_mean

SEED = 0
STD = 0.1  # of what a class starts at zero
# What the libraries raise on sizes of another type, on sizes of 0, and on those that do not fit together.
WRONG_SIZES = (
    ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError, AssertionError,
    StrictDataclassError,
)  # fmt: skip


def build_random(made: Any, sizes: Mapping[str, Any], where: str) -> Any:
    """A model of a class of `diffusers` or `transformers`; the same weights for the same sizes.

    Args:
        made: the class.
        sizes: what its config says beyond the class's defaults.
        where: the field that says them, for messages.

    Raises:
        ConfigError: the class has no such sizes, or none of these values.
    """
    config_class = getattr(made, "config_class", None)  # of transformers; a class of diffusers takes its sizes itself
    if config_class is not None:
        known = config_class().to_dict()
        if unknown := next((name for name in sizes if name not in known), None):
            raise ConfigError(f"{where}: {made.__name__} has no {unknown}{did_you_mean(unknown, known)}")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(SEED)
        try:
            model = made(**sizes) if config_class is None else made(config_class(**sizes))
        except WRONG_SIZES as error:
            raise ConfigError(f"{where}: {made.__name__}: {' '.join(str(error).split())}") from error
        _leave_none_at_zero(model)
    return model


@torch.no_grad()
def _leave_none_at_zero(model: torch.nn.Module) -> None:
    """Where a class starts at zero, a layer would pass nothing on, and a latent say nothing of the audio."""
    for each in model.parameters():
        if not each.any():
            each.normal_(std=STD)
