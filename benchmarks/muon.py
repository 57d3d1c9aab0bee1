"""Muon's orthogonalisation in float32 against Newton-Schulz iterations: time, and how far singular values are from 1.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/muon.py

"jordan" is torch.optim.Muon's iteration, but in float32; "gram" is Polar Express's five (Amsel et al. 2025, table 1) on
the smaller Gram matrix. Deviations are root mean squares, of matrices of normal numbers, and of matrices whose singular
values fall from 1 to 0.001.
"""

import statistics
import time

import torch
from torch import Tensor

from shared.training.muon import COEFFICIENTS, polar_factor

POLAR_EXPRESS = (
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
    (2.300652019954817, -1.6689039845747493, 0.4188073119525673),
)
SHAPES = ((7, 256, 768), (7, 768, 256), (2, 192, 576), (1, 192, 1539), (4, 256, 256), (1, 16, 256))


def jordan(matrices: Tensor) -> Tensor:
    """Five products of `(n, rows, columns)` with what their Gram matrices give."""
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / torch.linalg.matrix_norm(x, keepdim=True)
    for _ in range(5):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


def gram(matrices: Tensor) -> Tensor:
    """The same with other coefficients, the products of Gram matrices alone but for the last."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / (1.01 * torch.linalg.matrix_norm(x, keepdim=True))
    square, root = x @ x.mT, torch.eye(x.shape[1]).expand(len(x), -1, -1)
    for a, b, c in POLAR_EXPRESS:
        factor = torch.baddbmm(square, square, square, beta=b, alpha=c)
        factor.diagonal(dim1=1, dim2=2).add_(a)
        root, square = root @ factor, factor @ square @ factor
    return (root @ x).mT if tall else root @ x


WAYS = {"jordan": jordan, "gram": gram, "ours": polar_factor}


def deviation(matrices: Tensor) -> float:
    """Of singular values from 1."""
    return (torch.linalg.svdvals(matrices) - 1).square().mean().sqrt().item()


def compare(shape: tuple[int, int, int], runs: int = 15) -> str:
    """A line of the table."""
    flat = torch.randn(shape)
    left, _, right = torch.linalg.svd(flat, full_matrices=False)
    falling = left * torch.logspace(0, -3, min(shape[1:])) @ right
    spent: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(runs):
        for name, way in WAYS.items():
            start = time.process_time()
            way(flat)
            spent[name].append(time.process_time() - start)
    milliseconds = [1000 * statistics.median(each) for each in spent.values()]
    apart = [deviation(way(each)) for each in (flat, falling) for way in WAYS.values()]
    times = "".join(f"{each:8.1f}" for each in milliseconds)
    return f"{shape!s:15s}{times}{milliseconds[0] / milliseconds[2]:8.2f}" + "".join(f"{each:8.3f}" for each in apart)


def main() -> None:
    """Prints the table."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print("                   milliseconds          jordan's   off 1, normal           off 1, falling")
    print("shape            jordan    gram    ours   /ours  jordan    gram    ours  jordan    gram    ours")
    for shape in SHAPES:
        print(compare(shape), flush=True)


if __name__ == "__main__":
    main()
