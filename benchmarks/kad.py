"""The kernel audio distance against kadtk's formula, on one thread.

    OMP_NUM_THREADS=1 PYTHONPATH=. ENV/bin/python benchmarks/kad.py

ENV has our packages and those of envs/bench.txt. kadtk computes in float32 and ours in float64; it is called on its own
file, since its package imports embedding models that are not used here. Runs alternate; the medians of process time
are printed, how far ours is from the plain formula of whole matrices in float64, and how far kadtk's is.
"""

import argparse
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import distribution
from types import ModuleType
from unittest.mock import MagicMock

import numpy as np
import torch
from scipy.spatial.distance import cdist, pdist

from shared.metrics.config import KadConfig
from shared.metrics.kad import kernel_audio_distances

TOOLKIT = KadConfig(bandwidth="evaluated", scale=100)


def toolkit() -> ModuleType:
    """kadtk's module of the distance."""
    unused = ("hypy_utils", "hypy_utils.tqdm_utils", "kadtk", "kadtk.emb_loader", "kadtk.model_loader")
    sys.modules.update({name: MagicMock() for name in unused})
    spec = importlib.util.spec_from_file_location("kad", distribution("kadtk").locate_file("kadtk/kad.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def plain(x: np.ndarray, y: np.ndarray) -> float:
    """The formula, from whole matrices of differences."""
    gamma = 1 / (2 * np.median(pdist(y)) ** 2)
    inside, between = 0.0, np.exp(-gamma * cdist(x, y, "sqeuclidean")).mean()
    for each in (x, y):
        inside += np.exp(-gamma * pdist(each, "sqeuclidean")).mean()
    return TOOLKIT.scale * (inside - 2 * between)


def timed(run: Callable[[], float]) -> tuple[float, float]:
    """Process seconds of one run, and its value."""
    start = time.process_time()
    value = float(run())
    return time.process_time() - start, value


def compare(clips: int, dim: int, runs: int, peer: ModuleType) -> str:
    """A line of the table."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(clips, dim)), rng.normal(0.1, 1.1, size=(clips, dim))
    first, second = torch.from_numpy(x).float(), torch.from_numpy(y).float()
    spent = []
    for _ in range(runs + 1):  # the first, which loads, is left out
        took, ours = timed(lambda: kernel_audio_distances(x, [y], TOOLKIT)[0])
        other, theirs = timed(lambda: peer.calc_kernel_audio_distance(first, second, (None, None), "cpu"))
        spent.append((took, other))
    took, other = (statistics.median(each) for each in zip(*spent[1:], strict=True))
    exact = plain(x, y)
    return (f"{clips:6d} {dim:5d} {took:8.3f} {other:8.3f} {other / took:6.2f} {abs(ours / exact - 1):10.1e} "
            f"{abs(theirs / exact - 1):10.1e}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", nargs="+", type=int, default=[1000, 2000, 4000])
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--runs", type=int, default=5, help="of each, alternating (default: 5)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    peer = toolkit()
    print(" clips   dim   ours s  kadtk s  ratio  ours off  kadtk off")
    for clips in arguments.clips:
        print(compare(clips, arguments.dim, arguments.runs, peer), flush=True)


if __name__ == "__main__":
    main()
