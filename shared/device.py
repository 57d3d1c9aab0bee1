"""Where models run that are used and not trained, and in which precision."""

import contextlib

import numpy as np
import torch
from torch import Tensor


def device() -> torch.device:
    """The GPU if there is one, else the CPU; training asks accelerate instead, which also knows of several."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def batch_of(audio: np.ndarray) -> Tensor:
    """A clip `(time,)` or `(2, time)` as a batch of one, where models run: `(1, channels, time)`."""
    return torch.from_numpy(np.atleast_2d(audio)).to(device()).unsqueeze(0)


def clip_of(audio: Tensor) -> np.ndarray:
    """The other way: a batch of one, `(1, channels, time)`, as a clip `(time,)` or `(2, time)`."""
    clip = audio[0].float().cpu().numpy()
    return clip[0] if len(clip) == 1 else clip


def full_precision(on: torch.device) -> contextlib.AbstractContextManager[None]:
    """A context without autocast; on the meta device, where parameters are counted, there is none to keep out."""
    return contextlib.nullcontext() if on.type == "meta" else torch.autocast(on.type, enabled=False)


def computes_in_bf16() -> bool:
    """Whether the GPU, or without one the CPU, is quicker in bfloat16 than in float32.

    A CPU with matrix units (AMX) is. With AVX-512's bfloat16 alone, the `cpu` scale's models take 1.3 to 1.5 times as
    long, small as they are; with AVX2, some 50 times.
    """
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_amx_tile_supported()
