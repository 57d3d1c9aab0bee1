"""A training step of the small autoencoders, against the same step of another commit.

    .venv/bin/python benchmarks/autoencoder_step.py --against 1496323

Each commit has a process of its own, with one thread, and the two take turns, a step each; the medians of their process
time are printed, and the share of it that Muon's update takes. Crops are noise. Both start from the same weights: how
far the loss of the first step differs, over its value, is printed too.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CASES = ("longcat/dim64/muon", "same/vae/muon", "longcat/dim64/adamw")


def serve(case: str) -> None:
    """Do a step for each line of the input; write its seconds, Muon's among them, and its loss."""
    import numpy as np
    import torch

    from shared.plan.schema import Source
    from shared.training.autoencoder import AutoencoderStep
    from shared.training.crops import Crops
    from shared.training.muon import Muon

    source, variant, optimizer = case.split("/")
    torch.set_num_threads(1)
    config = Source(Path("replications") / source / "study.yaml").resolve(variant, "cpu")
    recipe = config.autoencoder
    recipe = recipe.model_copy(update={"training": recipe.training.model_copy(update={"optimizer": optimizer})})
    channels, rate, hop = recipe.architecture.audio_channels, config.sample_rate, recipe.architecture.hop
    noise = np.random.default_rng(0).normal(size=(channels, 100_000)).astype(np.float32) * 0.1
    torch.manual_seed(0)
    length = round(recipe.crop_seconds * rate / hop) * hop
    step = AutoencoderStep(recipe, Crops([noise if channels > 1 else noise[0]], length, hop), rate, seed=0)
    in_muon, update = [0.0], Muon.step

    def timed_update(self, closure=None):
        start = time.process_time()
        update(self, closure)
        in_muon[0] += time.process_time() - start

    Muon.step = timed_update  # type: ignore[method-assign]
    for index, _ in enumerate(sys.stdin):
        in_muon[0], start = 0.0, time.process_time()
        torch.manual_seed(index)
        terms = step(index)
        total = float(terms["stft"] + terms["mel"])
        print(json.dumps([time.process_time() - start, in_muon[0], total]), flush=True)


class Worker:
    """A process that does steps of one case by the code of one tree."""

    def __init__(self, tree: Path, case: str):
        command = [sys.executable, __file__, "--serve", case]
        environment = os.environ | {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=tree, env=environment, stdin=pipe, stdout=pipe, text=True)

    def step(self) -> list[float]:
        """Seconds, those of Muon's update, loss."""
        assert self.process.stdin and self.process.stdout, "both are pipes"
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self) -> None:
        """Let it end."""
        self.process.communicate()


def compare(before: Path, case: str, steps: int) -> str:
    """A line of the table."""
    workers = Worker(before, case), Worker(ROOT, case)
    taken = [[worker.step() for worker in workers] for _ in range(steps + 2)]
    for worker in workers:
        worker.stop()
    (one, other), kept = taken[0], taken[2:]
    then, now = ([statistics.median(pair[side][i] for pair in kept) for i in range(2)] for side in range(2))
    ratio = statistics.median(pair[1][0] / pair[0][0] for pair in kept)
    apart = abs(other[2] - one[2]) / one[2]
    shares = f"{then[1] / then[0]:11.0%} {now[1] / now[0]:8.0%}"
    return f"{case:22s} {1000 * then[0]:9.1f} {1000 * now[0]:6.1f} {ratio:6.2f} {shares} {apart:12.1e}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", default="1496323", help="the commit to compare with (default: 1496323)")
    parser.add_argument("--steps", type=int, default=25, help="of each, in turns (default: 25)")
    parser.add_argument("--cases", nargs="+", default=CASES, help="source/variant/optimizer, at the cpu scale")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        return serve(arguments.serve)
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / "before"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(before), arguments.against], check=True)
        try:
            print("case                   before ms now ms  ratio  Muon before  Muon now  loss differs")
            for case in arguments.cases:
                print(compare(before, case, arguments.steps), flush=True)
        finally:
            subprocess.run([*git, "remove", "--force", str(before)], check=True)


if __name__ == "__main__":
    main()
