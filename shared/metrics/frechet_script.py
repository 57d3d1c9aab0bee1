"""Runs in the environment of `envs/frechet.txt`: the FAD of two sets of embeddings by frechet-audio-distance.

`.venv-frechet/bin/python shared/metrics/frechet_script.py REFERENCE.npy EVALUATED.npy` prints one number. The files
hold `(clips, dim)`. Imports nothing of this repository.
"""

import sys

import numpy as np

# What the package imports for its embedding models, none of which the arithmetic touches.
UNUSED = (
    "encodec", "laion_clap", "pandas", "resampy", "soundfile", "torch", "torch.nn", "torch.nn.functional",
    "torchlibrosa", "torchlibrosa.augmentation", "torchlibrosa.stft", "tqdm",
)  # fmt: skip


def main(reference: str, evaluated: str) -> None:
    """Print the distance."""
    from unittest.mock import MagicMock

    sys.modules.update({name: MagicMock() for name in UNUSED})
    from frechet_audio_distance import FrechetAudioDistance

    # Its constructor downloads a model, and its `score` turns every error into -1.
    package = FrechetAudioDistance.__new__(FrechetAudioDistance)
    moments = [package.calculate_embd_statistics(np.load(path).astype(np.float64)) for path in (reference, evaluated)]
    print(repr(float(package.calculate_frechet_distance(*moments[0], *moments[1]))))


if __name__ == "__main__":
    main(*sys.argv[1:])
