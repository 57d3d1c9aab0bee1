"""Where models run that are used and not trained, and where autocast is kept out."""

import contextlib

import torch


def device() -> torch.device:
    """The GPU if there is one, else the CPU; training asks accelerate instead, which also knows of several."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def full_precision(on: torch.device) -> contextlib.AbstractContextManager:
    """A context without autocast; on the meta device, where parameters are counted, there is none to keep out."""
    return contextlib.nullcontext() if on.type == "meta" else torch.autocast(on.type, enabled=False)
