"""Where models run that are used and not trained: the GPU if there is one, else the CPU."""

import torch


def device() -> torch.device:
    """The device; training asks accelerate instead, which also knows of several."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
