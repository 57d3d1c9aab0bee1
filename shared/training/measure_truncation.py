"""Job: how far reconstructions of the test clips are from them when only part of the latent is decoded (RAVE, 3.2).

Of the latent, turned to the axes along which the posterior means of the validation clips vary, as many dimensions are
kept as a fidelity asks for; the rest is noise of the prior, the same for every fidelity. A fidelity of 1 keeps all.
"""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import torch

from shared.autoencoders.base import Autoencoder
from shared.autoencoders.builder import load_autoencoder
from shared.cli import job_parser, run_job, set_threads
from shared.config import ConfigError, Strict, parse
from shared.corpora.manifest import load_clip, load_manifest
from shared.corpora.test_items import test_items
from shared.device import device
from shared.files import read_json, write_json, write_text
from shared.losses.config import SpectralDistanceConfig
from shared.losses.spectral_distance import SpectralDistance
from shared.metrics.compactness import PrincipalAxes, effective_dims, principal_axes, truncate
from shared.metrics.failure import NotMeasured
from shared.metrics.mel_distance import mel_distance
from shared.metrics.names import TRUNCATED
from shared.progress import Progress

DISTANCE = SpectralDistanceConfig()
ESTIMATOR = (
    "spectral distance (RAVE, stage 1; windows 2048 to 128, L1 of logs) and multi-resolution log10-mel L1 distance of "
    "reconstructions; kept: dimensions by RAVE's eq. 11, of the posterior means of validation clips"
)


class TruncationSpec(Strict):
    """The whole config of this job."""

    corpus: dict[str, Any]
    autoencoder: dict[str, Any]
    clips: int
    seed: int


@torch.inference_mode()
def axes_of(autoencoder: Autoencoder, corpora: list[Path]) -> PrincipalAxes:
    """Of the posterior means of all validation clips.

    Raises:
        ConfigError: there are none.
    """
    found = [(corpus, clip) for corpus in corpora for clip in load_manifest(corpus).split("validation")]
    if not found:
        raise ConfigError("truncation: the autoencoder's corpora have no validation clips; give one of them some")
    audio = (torch.from_numpy(load_clip(*each)).to(device()).unsqueeze(0) for each in found)
    return principal_axes(torch.cat([autoencoder.encode(each).mean[0].T.cpu() for each in audio]))


def kept_dims(axes: PrincipalAxes) -> dict[int, int]:
    """How many dimensions are kept for each fidelity, in percent."""
    kept = {each: effective_dims(axes.singular_values, each / 100) for each in TRUNCATED}
    return kept | {100: len(axes.singular_values)}


@torch.inference_mode()
def decode_truncated(
    autoencoder: Autoencoder, audio: np.ndarray, axes: PrincipalAxes, kept: dict[int, int], seed: int
) -> dict[int, np.ndarray]:
    """By fidelity what is decoded of a clip `(time,)`, as long as it is; of all the same draw from the posterior."""
    posterior = autoencoder.encode(torch.from_numpy(audio).to(device()).unsqueeze(0))
    made = {}
    for fidelity, dims in kept.items():
        torch.manual_seed(seed)
        latents = posterior.sample()
        noise = torch.Generator(latents.device).manual_seed(seed)
        decoded = autoencoder.decode(truncate(latents, axes, dims, noise))
        made[fidelity] = decoded[0, : len(audio)].cpu().numpy()
    return made


def compare(audio: np.ndarray, made: dict[int, np.ndarray], sample_rate: int) -> dict[str, float | str]:
    """The columns of a clip: two distances for each fidelity, and why there are none."""
    spectral = SpectralDistance(DISTANCE)
    row: dict[str, float | str] = {}
    try:
        for fidelity, each in made.items():
            row[f"mel{fidelity}"] = mel_distance(audio, each, sample_rate)
            row[f"spectral{fidelity}"] = float(spectral(*(torch.from_numpy(x).unsqueeze(0) for x in (each, audio))))
    except NotMeasured as error:
        return {"reason": f"truncation: {error}"}
    return row


def measure_clips(
    spec: TruncationSpec, corpus: Path, autoencoder: Autoencoder, axes: PrincipalAxes
) -> list[dict[str, float | str]]:
    """A row for each of the spec's test clips."""
    manifest = load_manifest(corpus)
    items = test_items(manifest, spec.clips, spec.seed)
    progress, rows, kept = Progress("truncation", len(items), unit="clip"), [], kept_dims(axes)
    for index, (target, _) in enumerate(items):
        audio = load_clip(corpus, target)
        # The seed of the job that reconstructs: with all dimensions it is the same reconstruction.
        made = decode_truncated(autoencoder, audio, axes, kept, spec.seed * 1_000_003 + index)
        rows.append({"id": target.id} | compare(audio, made, manifest.sample_rate))
        progress.update()
    return rows


def to_csv(rows: list[dict[str, float | str]]) -> str:
    """Rows as CSV; an empty cell: no value, and `reason` says why."""
    columns = ["id", *(f"{name}{fidelity}" for name in ("spectral", "mel") for fidelity in TRUNCATED), "reason"]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def main() -> None:
    """Command line of the job."""
    parser = job_parser(__doc__, corpus="manifest.json", autoencoder="model.safetensors of the autoencoder")
    parser.add_argument("--corpora", nargs="+", required=True, type=Path, help="manifest.json of what it learned from")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    spec = parse(TruncationSpec, read_json(arguments.spec), arguments.spec)
    autoencoder = load_autoencoder(Path(arguments.autoencoder)).to(device())
    axes = axes_of(autoencoder, arguments.corpora)
    rows = measure_clips(spec, Path(arguments.corpus), autoencoder, axes)
    failed = sum("reason" in row for row in rows)
    made = {"estimator": ESTIMATOR, "embedder": None, "weights_sha256": None, "sample_rate": None}
    made |= {"n": len(rows) - failed, "n_failed": failed, "seed": spec.seed, "kept": kept_dims(axes)}
    write_json(Path(arguments.output).with_suffix(".json"), made)
    write_text(Path(arguments.output), to_csv(rows))


if __name__ == "__main__":
    run_job(main)
