"""Job: how compact a latent was through its training, from the snapshots that the training kept."""

import csv
import io
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import save_file
from torch import Tensor

from shared.autoencoders.latents import Latents
from shared.bootstrap import SET_REPLICATES, draw, interval
from shared.config import ConfigError, Strict, parse
from shared.files import atomic_path, read_json, write_json, write_text
from shared.job import job_parser, run_job, set_threads
from shared.measurements.compactness import COLUMNS, REPLICATES_FILE, SHOWN, places
from shared.measurements.jobs.effective_dims_bootstrap import NAMES, clip_sums, measure
from shared.progress import Progress
from shared.training.recipes import AutoencoderRecipe
from shared.training.snapshots import read_kept
from shared.training.stages import Stages

ESTIMATOR = (
    "effective dimensions of posterior means of validation clips (RAVE, eq. 11), channels with a KL above 0.1 nats a "
    "frame, total KL; bootstrap over clips"
)


class CompactnessSpec(Strict):
    """The whole config of this job: that of the training."""

    autoencoder: dict[str, Any]


class Measured(NamedTuple):
    """The quantities of NAMES after `step` steps, `(names,)`, and in each replicate `(names, replicates)`.

    `stage_begins`: the steps that were done when the stage of that step began.
    """

    step: int
    stage_begins: int
    values: Tensor
    replicates: Tensor


def measure_snapshots(snapshots: dict[int, Latents], starts: list[int], replicates: int) -> list[Measured]:
    """Each snapshot, all by the same draws of the clips.

    Args:
        snapshots: posteriors by the steps done.
        starts: the first step of each of the training's stages, in order.
        replicates: of the bootstrap.

    Raises:
        ConfigError: a latent is not finite.
    """
    clips = len(next(iter(snapshots.values())).offsets) - 1
    weights = torch.from_numpy(draw(1, clips, replicates).clips)
    progress = Progress("compactness", len(snapshots), unit="snapshot")
    found: list[Measured] = []
    before = None
    for step, latents in snapshots.items():
        if not latents.mean.isfinite().all():
            raise ConfigError(f"the latent is not finite after {step} steps; lower training.learning_rate.peak")
        begins = max(start for start in starts if start < step)
        # Where the encoder is frozen, nothing is computed twice.
        if before and torch.equal(before.mean, latents.mean) and torch.equal(before.std, latents.std):
            found.append(found[-1]._replace(step=step, stage_begins=begins))
        else:
            sums = clip_sums(latents.mean, latents.std, latents.offsets)
            found.append(Measured(step, begins, measure(sums, torch.ones(1, clips))[:, 0], measure(sums, weights)))
        before = latents
        progress.update()
    return found


def to_csv(measured: list[Measured], clips: int) -> str:
    """A row for each step and quantity; an empty cell: it has no value, or no interval, as of a single clip."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in measured:
        for name, value, drawn in zip(NAMES, each.values.tolist(), each.replicates.numpy(), strict=True):
            ends = interval(drawn) if clips > 1 else (float("nan"),) * 2
            shown = ("" if number != number else f"{number:.6g}" for number in (value, *ends))
            writer.writerow((each.step, each.stage_begins, *("" if part is None else part for part in name), *shown))
    return text.getvalue()


def write_replicates(path: Path, measured: list[Measured], clips: int) -> None:
    """The replicates that `read_replicates` reads: those that tables show, as counts, which 16 bits hold exactly."""
    names = [tuple("" if part is None else str(part) for part in name) for name in NAMES]
    rows = [names.index(name) for name in SHOWN.values()]
    at = places((each.step for each in measured), measured[-1].stage_begins)
    drawn = [torch.full_like(measured[0].replicates, torch.nan) if k is None else measured[k].replicates for k in at]
    stacked = torch.stack(drawn)[:, rows].half()
    with atomic_path(path) as temporary:
        save_file({"replicates": stacked, "clips": torch.tensor(clips)}, temporary)


def main() -> None:
    """Command line of the job."""
    parser = job_parser(__doc__, snapshots="snapshots.safetensors, which lies beside the trained autoencoder")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    spec = parse(CompactnessSpec, read_json(arguments.spec), arguments.spec)
    recipe = parse(AutoencoderRecipe, spec.autoencoder["autoencoder"], arguments.spec)
    snapshots = read_kept(Path(arguments.snapshots))
    measured = measure_snapshots(snapshots, Stages(recipe).starts, SET_REPLICATES)
    clips = len(next(iter(snapshots.values())).offsets) - 1
    output = Path(arguments.output)
    write_replicates(output.with_name(REPLICATES_FILE), measured, clips)
    made = {"estimator": ESTIMATOR, "embedder": None, "weights_sha256": None, "sample_rate": None}
    write_json(output.with_suffix(".json"), made | {"n": clips, "seed": 0})
    write_text(output, to_csv(measured, clips))


if __name__ == "__main__":
    run_job(main)
