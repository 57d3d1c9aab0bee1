"""What is measured of a latent by test clip, each in a job of its own: the kinds, and the columns that each fills.

Imports nothing heavy.
"""

from typing import Literal, get_args

# Fidelities in percent at which a latent is cut short to see what is lost (RAVE, figure 2); 100: nothing is cut.
TRUNCATED = (80, 85, 90, 95, 99, 100)


ByClip = Literal["truncation", "noise", "probe"]
BY_CLIP: tuple[ByClip, ...] = get_args(ByClip)
LATENT = ("exposure", "compactness", *BY_CLIP)  # kinds of jobs that measure latents, no clips

# Percent of the latent's standard deviation that the noise has of which clips are reconstructed; 0: there is none.
NOISE_LEVELS = (0, 5, 10, 20, 40, 80)

COLUMNS: dict[ByClip, tuple[str, ...]] = {
    "truncation": tuple(f"{name}{fidelity}" for name in ("spectral", "mel") for fidelity in TRUNCATED),
    "noise": tuple(f"noise_{name}{level}" for name in ("lsd", "mel", "pesq") for level in NOISE_LEVELS),
    # Sums over the clip of a probe's error, and of that of one that knows nothing but the mean.
    "probe": tuple(f"{target}_{term}" for target in ("chroma", "level") for term in ("residual", "baseline")),
}
