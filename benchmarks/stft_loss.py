"""The multi-resolution STFT loss, forward and backward, against auraloss's.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/stft_loss.py

Both take turns on one thread; the medians of process time, and how far loss and
gradient are from auraloss's, over their norm, are printed.
"""

import statistics
import time

import auraloss
import torch

from shared.losses.config import Resolution
from shared.losses.multi_resolution_stft import MultiResolutionStftLoss

SCALES = (2048, 1024, 512, 256, 128, 64, 32)
SIZES = ((8, 1, 12288), (4, 1, 48000))


def compare(shape: tuple[int, int, int], runs: int = 15) -> str:
    """A line of the table."""
    losses = {
        "auraloss": auraloss.freq.MultiResolutionSTFTLoss(list(SCALES), [n // 4 for n in SCALES], list(SCALES)),
        "ours": MultiResolutionStftLoss([Resolution(n_fft=n, hop=n // 4) for n in SCALES]),
    }
    target = 0.1 * torch.randn(shape)
    prediction = (target + 0.05 * torch.randn(shape)).requires_grad_()
    spent: dict[str, list[float]] = {name: [] for name in losses}
    made = {}
    for _ in range(runs):
        for name, loss in losses.items():
            start = time.process_time()
            value = loss(prediction, target)
            (gradient,) = torch.autograd.grad(value, prediction)
            spent[name].append(time.process_time() - start)
            made[name] = value.detach(), gradient
    theirs, ours = (1000 * statistics.median(each) for each in spent.values())
    apart = [(one - other).norm() / other.norm() for one, other in zip(made["ours"], made["auraloss"], strict=True)]
    return f"{shape!s:15s}{theirs:12.1f}{ours:10.1f}{theirs / ours:15.2f}{apart[0]:14.1e}{apart[1]:14.1e}"


def main() -> None:
    """Prints the table."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print("waveforms       auraloss ms   ours ms  auraloss/ours  loss differs  gradient differs")
    for shape in SIZES:
        print(compare(shape), flush=True)


if __name__ == "__main__":
    main()
