"""What the jobs share that measure an autoencoder's latent by test clip (see `shared.measurements.base.ByClip`)."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from shared.autoencoders.base import Autoencoder
from shared.autoencoders.builder import load_autoencoder
from shared.cells import as_cell
from shared.config import ConfigError, Strict, parse
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip, Split
from shared.corpora.test_items import item_seed, test_items
from shared.device import batch_of, device
from shared.files import read_json, write_json, write_text
from shared.job import job_parser, set_threads
from shared.measurements.base import ByClip
from shared.progress import Progress

Row = dict[str, float | str]


class ByClipSpec(Strict):
    """The whole config of such a job."""

    corpus: dict[str, Any]
    autoencoder: dict[str, Any]
    clips: int
    seed: int
    split: Split = "test"


class OfClips(Protocol):
    """Values of a clip, from what was learned of the corpora before.

    Attributes:
        estimator: what the values are.
        facts: what else the file beside them says of how they were made.
    """

    estimator: str
    facts: dict[str, Any]

    def __call__(self, clip: Clip, audio: np.ndarray, seed: int) -> Row:
        """The columns of a clip `(time,)` or `(2, time)`; what is missing has its why in `reason`, `name: why; …`.

        All that is random follows from `seed`, which is the clip's own and the same for every autoencoder.
        """
        ...


# Autoencoder, corpus, and those that the autoencoder learned from.
Prepare = Callable[[Autoencoder, Corpus, list[Corpus]], OfClips]


@torch.inference_mode()
def posterior_means(autoencoder: Autoencoder, audio: np.ndarray) -> Tensor:
    """Of a clip `(time,)` or `(2, time)`, on the CPU: `(frames, dim)`."""
    return autoencoder.encode(batch_of(audio)).mean[0].T.cpu()


def validation_means(autoencoder: Autoencoder, corpora: list[Corpus], measurement: type[ByClip]) -> Tensor:
    """Posterior means of all validation clips, one after the other, `(frames, dim)`.

    Raises:
        ConfigError: there are none.
    """
    found = [(corpus, clip) for corpus in corpora for clip in corpus.split("validation")]
    if not found:
        why = "the autoencoder's corpora have no validation clips; give one of them some"
        raise ConfigError(f"{measurement.name}: {why}")
    return torch.cat([posterior_means(autoencoder, corpus.audio(clip)) for corpus, clip in found])


def over_channels(distance: Callable[..., float], one: np.ndarray, other: np.ndarray, *settings: int) -> float:
    """Mean over channels of a distance of two mono signals; both are `(time,)`, or `(2, time)`."""
    channels = zip(np.atleast_2d(one), np.atleast_2d(other), strict=True)
    return float(np.mean([distance(*pair, *settings) for pair in channels]))


def measure_clips(measurement: type[ByClip], spec: ByClipSpec, corpus: Corpus, of_clips: OfClips) -> list[Row]:
    """A row for each of the spec's test clips."""
    items = test_items(corpus.manifest, spec.clips, spec.seed, spec.split)
    progress, rows = Progress(measurement.name, len(items), unit="clip"), []
    for index, (target, _) in enumerate(items):
        # The seed is that of the job that reconstructs, so that what is compared with its clips hears the same noise.
        values = of_clips(target, corpus.audio(target), item_seed(spec.seed, index))
        rows.append({"id": target.id, **values})
        progress.update()
    return rows


def to_csv(measurement: type[ByClip], rows: list[Row]) -> str:
    """Rows as CSV; an empty cell: no value, and `reason` says why."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ["id", *measurement.columns, "reason"], lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows({name: as_cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def run_by_clip(measurement: type[ByClip], about: str, prepare: Prepare) -> None:
    """Command line of such a job: writes its values and, beside them, a JSON of how they were made."""
    parser = job_parser(about, corpus="manifest.json", autoencoder="model.safetensors of the autoencoder")
    parser.add_argument("--corpora", nargs="+", required=True, type=Path, help="manifest.json of what it learned from")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    spec, corpus = parse(ByClipSpec, read_json(arguments.spec), arguments.spec), Corpus(arguments.corpus)
    autoencoder = load_autoencoder(Path(arguments.autoencoder)).to(device())
    of_clips = prepare(autoencoder, corpus, [Corpus(path) for path in arguments.corpora])
    rows = measure_clips(measurement, spec, corpus, of_clips)
    measured = sum(not row.keys().isdisjoint(measurement.columns) for row in rows)
    made = {"estimator": of_clips.estimator, "embedder": None, "weights_sha256": None, "sample_rate": None}
    counts = {"n": measured, "n_failed": len(rows) - measured, "seed": spec.seed}
    write_json(Path(arguments.output).with_suffix(".json"), {**made, **counts, **of_clips.facts})
    write_text(Path(arguments.output), to_csv(measurement, rows))
