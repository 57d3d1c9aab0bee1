"""The Fréchet audio distance against the formula with scipy's matrix root, on one thread.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONPATH=. .venv/bin/python benchmarks/frechet.py

Both start from embeddings, so that the covariances are in the time. The peer is the formula of the public packages
(frechet-audio-distance, fadtk), stated here: mean, covariance, `sqrtm` of their product. Runs alternate; the medians of
process time are printed, and how far the values are apart.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import scipy.linalg

from shared.metrics.fad import frechet_audio_distances


def by_matrix_root(x: np.ndarray, y: np.ndarray) -> float:
    """The formula."""
    first, second = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    gap = x.mean(0) - y.mean(0)
    return gap @ gap + np.trace(first) + np.trace(second) - 2 * np.trace(np.real(scipy.linalg.sqrtm(first @ second)))


def timed(run: Callable[[], float]) -> tuple[float, float]:
    """Process seconds of one run, and its value."""
    start = time.process_time()
    value = float(run())
    return time.process_time() - start, value


def compare(clips: int, dim: int, runs: int) -> str:
    """A line of the table."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(clips, dim)), 0.1 + rng.normal(size=(clips, dim)) @ rng.normal(size=(dim, dim)) / dim**0.5
    spent = []
    for _ in range(runs + 1):  # the first, which loads, is left out
        took, ours = timed(lambda: frechet_audio_distances(x, [y])[0])
        other, theirs = timed(lambda: by_matrix_root(x, y))
        spent.append((took, other))
    took, other = (statistics.median(each) for each in zip(*spent[1:], strict=True))
    return f"{clips:6d} {dim:5d} {took:8.3f} {other:8.3f} {other / took:6.2f} {abs(ours / theirs - 1):10.1e}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dims", nargs="+", type=int, default=[512, 1024], help="of embeddings of twice as many clips")
    parser.add_argument("--runs", type=int, default=5, help="of each, alternating (default: 5)")
    arguments = parser.parse_args()
    print(" clips   dim   ours s  sqrtm s  ratio      apart")
    for dim in arguments.dims:
        print(compare(2 * dim, dim, arguments.runs), flush=True)


if __name__ == "__main__":
    main()
