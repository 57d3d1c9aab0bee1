"""Spectra as log magnitudes and phases, at the outer end of the families that work on them."""

import torch
from torch import Tensor


def log_polar(spectrum: Tensor) -> Tensor:
    """Log magnitude and phase direction of each bin: complex `(batch, frames, bins)` → `(batch, frames, 3 · bins)`."""
    real, imaginary = spectrum.real, spectrum.imag
    magnitude = (real.square() + imaginary.square()).clamp_min(1e-10).sqrt()
    # The factor 0.3 gives log magnitudes of speech about the spread of the unit-modulus parts.
    return torch.cat([0.3 * magnitude.log(), real / magnitude, imaginary / magnitude], dim=-1)


def from_log_polar(x: Tensor) -> Tensor:
    """`(batch, 2 · bins, frames)`, log magnitude and phase angle of each bin → complex `(batch, bins, frames)`."""
    log_magnitude, phase = x.chunk(2, dim=1)
    # exp is clipped so that one wild frame early in training can't overflow.
    magnitude = log_magnitude.clamp(max=6.0).exp()
    return torch.complex(magnitude * phase.cos(), magnitude * phase.sin())  # quicker than torch.polar's gradient
