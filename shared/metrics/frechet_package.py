"""FAD by the package frechet-audio-distance, an independent judge of ours, from an environment of its own."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np

from shared.config import ConfigError

PYTHON = Path(".venv-frechet/bin/python")  # made by `make frechet` from envs/frechet.txt
SCRIPT = Path(__file__).with_name("frechet_script.py")


def package_distance(reference: np.ndarray, evaluated: np.ndarray, python: Path = PYTHON) -> float:
    """FAD of two sets of embeddings `(clips, dim)`.

    Args:
        reference: `(clips, dim)`.
        evaluated: `(other clips, dim)`.
        python: of the environment that has the package.

    Raises:
        ConfigError: the environment is not built, or the package fails.
    """
    if not python.exists():
        raise ConfigError(f"{python}: no environment with frechet-audio-distance; `make frechet` builds it")
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("reference.npy", "evaluated.npy")]
        for file, embeddings in zip(files, (reference, evaluated), strict=True):
            np.save(file, embeddings)
        done = subprocess.run([python, SCRIPT, *files], capture_output=True, text=True)
    if done.returncode:
        raise ConfigError(f"frechet-audio-distance: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    return float(done.stdout)
