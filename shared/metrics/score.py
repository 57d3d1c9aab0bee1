"""Job: score a set of clips, one row a clip.

`python -m shared.metrics.score --spec SPEC.json --corpus manifest.json --clips clips.json
--asr model.safetensors --speaker model.safetensors --output scores.csv`

writes `scores.csv` and, beside it, `scores.json`: for each metric its estimator, the model and weights behind
it, the sample rate, and how many clips have a value and how many have none. Where a metric of the set is asked,
the clips' embeddings go to `embeddings.safetensors` beside it.
"""

import csv
import io
import math
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from shared.cells import as_cell
from shared.config import ConfigError, Strict, parse
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip
from shared.files import read_json, write_json, write_text
from shared.job import job_parser, run_job, set_threads
from shared.metrics.alignment import mismatch
from shared.metrics.base import Case, Metric, Setup, channels_problem, chosen, known_metric, metrics
from shared.metrics.embeddings import EMBEDDINGS, write_embeddings
from shared.metrics.failure import NotMeasured
from shared.metrics.of_sets import SetMetric
from shared.metrics.text import Normaliser
from shared.progress import Progress
from shared.sampling.clips import GeneratedClip, load_audio, load_clips

Row = dict[str, Any]


class ScoreSpec(Strict):
    """The whole config of this job.

    Attributes:
        clips: spec of the job that made them.
        models: of each evaluator that a metric uses the spec of the job that trains it, or a hub id.
        metrics: which to compute; those that need a reference are left out of a set that has none.
        dnsmos_windows: most windows of a clip that DNSMOS scores; all of them by default, as in its reference code.
        text: how texts are normalised before errors are counted.
        length_tolerance: seconds by which a clip may differ in length from its reference without a remark;
            the default is one latent frame at the slowest rate of LongCat's sweep (3072 / 24000 s).
    """

    clips: dict[str, Any]
    models: dict[str, dict[str, Any] | str] = Field(default={})
    metrics: tuple[Annotated[str, AfterValidator(known_metric)], ...] = Field(min_length=1)
    dnsmos_windows: int | None = Field(default=None, gt=0)
    text: Normaliser = "basic"
    length_tolerance: float = Field(default=0.128, ge=0)

    @model_validator(mode="after")
    def _metrics_have_their_models(self):
        for metric in chosen(self.metrics):
            if metric.evaluator and metric.evaluator not in self.models:
                raise ValueError(f"metrics has {metric.name}, which needs models.{metric.evaluator}")
        return self


class Cases:
    """Reads clips with their references and prompts from the corpus.

    Raises:
        ConfigError: the clips are not of this corpus.
    """

    def __init__(self, clips_path: Path, corpus: Corpus):
        self.clips_path, self.corpus = clips_path, corpus
        self.clip_set = load_clips(clips_path)
        self.by_id = {clip.id: clip for clip in corpus.manifest.clips}
        if self.clip_set.sample_rate != corpus.sample_rate:
            rates = f"{self.clip_set.sample_rate} Hz, the corpus at {corpus.sample_rate} Hz"
            raise ConfigError(f"{clips_path}: clips are at {rates}")
        if self.clip_set.channels != corpus.channels:
            channels = f"{self.clip_set.channels}, of the corpus {corpus.channels}"
            raise ConfigError(f"{clips_path}: the channels of the clips are {channels}")
        if not self.clip_set.clips:
            raise ConfigError(f"{clips_path}: no clips to score")

    def target(self, clip: GeneratedClip) -> Clip:
        """The corpus clip that `clip` speaks for."""
        return self._find(clip.id)

    def read(self, clip: GeneratedClip) -> Case:
        """Load one clip and what it is compared with."""
        reference = self._heard(clip.reference)
        voice = self._heard(clip.prompt) or reference
        audio = load_audio(self.clips_path, self.clip_set, clip)
        given = round((clip.prefix_seconds or 0) * self.clip_set.sample_rate)
        if voice and given:
            voice = (voice[0], voice[1][..., :given])
        return Case(clip, audio, reference and reference[1], voice, self.clip_set.sample_rate, given)

    def _heard(self, identity: str | None) -> tuple[str, np.ndarray] | None:
        """Id and samples of a clip of the corpus, if there is one."""
        return None if identity is None else (identity, self.corpus.audio(self._find(identity)))

    def _find(self, identity: str) -> Clip:
        if identity not in self.by_id:
            raise ConfigError(f"{self.clips_path}: clip {identity} is not in {self.corpus.path}")
        return self.by_id[identity]


def wanted(spec: ScoreSpec, cases: Cases) -> list[type[Metric]]:
    """The metrics to compute, in order; those that need a reference only where some clip has one.

    Metrics of the set keep the same embeddings, so that the first of them stands for all.

    Raises:
        ConfigError: one of them is not of as many channels as the clips have, or none is left.
    """
    if problem := channels_problem(spec.metrics, cases.clip_set.channels):
        raise ConfigError(f"{cases.clips_path}: metrics has {problem}")
    has_reference = any(clip.reference is not None for clip in cases.clip_set.clips)
    repeated = [each for each in chosen(spec.metrics) if each.of_set][1:]
    left = [each for each in chosen(spec.metrics) if each not in repeated]
    left = [each for each in left if has_reference or not each.needs_reference]
    if not left:
        raise ConfigError(f"{cases.clips_path}: none of {', '.join(spec.metrics)} applies without references")
    return left


def make_ready(asked: list[type[Metric]], setup: Setup) -> dict[str, Metric]:
    """The metrics with their models loaded, by name.

    Raises:
        ConfigError: a model is not given or cannot be loaded, or the corpus has no notes where a metric needs them.
    """
    for each in asked:
        if each.evaluator and each.evaluator not in setup.models:
            raise ConfigError(f"metrics has {each.name}, which needs --{each.evaluator}: a folder or a hub id")
    return {each.name: each(setup) for each in asked}


def score_case(case: Case, ready: dict[str, Metric], tolerance: float, clock: dict[str, float]) -> Row:
    """Values of all columns for one clip; a metric without a value is NaN and says why in `reason`.

    The seconds that each metric takes are added to its entry of `clock`.
    """
    first: Row = {}
    rest: Row = {}
    reasons = []
    for name, metric in ready.items():
        start = time.perf_counter()
        try:
            values = metric(case)
            if any(isinstance(value, float) and not math.isfinite(value) for value in values):
                raise NotMeasured("the value is not finite")
        except NotMeasured as error:
            values = (math.nan,) * len(metric.columns)
            reasons.append(f"{name}: {error}")
        clock[name] += time.perf_counter() - start
        (first if metric.before_text else rest).update(zip(metric.columns, values, strict=True))
    if case.reference is not None:
        remark = mismatch(case.reference, case.audio, case.sample_rate, tolerance)
        reasons += [f"length: {remark}"] if remark else []
    return {**first, "text": case.clip.text, **rest, "reason": "; ".join(reasons)}


def score_clips(cases: Cases, ready: dict[str, Metric], tolerance: float) -> list[Row]:
    """One row a clip, in the set's order. Progress is printed and, at the end, the seconds that each metric took."""
    progress = Progress("score", len(cases.clip_set.clips), unit="clip")
    clock: dict[str, float] = defaultdict(float)
    rows = []
    for clip in cases.clip_set.clips:
        target = cases.target(clip)
        head = {"id": clip.id, "speaker": clip.speaker, "seen_speaker": target.seen_speaker}
        rows.append(head | score_case(cases.read(clip), ready, tolerance, clock))
        progress.update()
    spent = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in clock.items())
    print(f"score: time in {spent}", file=sys.stderr)
    return rows


def summarise(
    rows: list[Row], ready: dict[str, Metric], seed: int | None, stereo: bool = False
) -> dict[str, dict[str, Any]]:
    """For each metric its provenance, the seed of the clips, and the clips with (`n`) and without a value.

    Of stereo clips also what the metric makes of their two channels.
    """
    summary = {}
    for name, metric in ready.items():
        failed = sum(_has_failed(row, metric) for row in rows)
        summary[name] = metric.provenance() | {"n": len(rows) - failed, "n_failed": failed, "seed": seed}
        if stereo:
            summary[name]["stereo"] = metric.stereo
    return summary


def _has_failed(row: Row, metric: Metric) -> bool:
    if metric.of_set:
        return any(part.startswith(f"{metric.name}: ") for part in row["reason"].split("; "))
    return _is_nan(row[metric.columns[0]])


def to_csv(rows: list[Row]) -> str:
    """Rows as CSV: who, what was heard and should be said, the other columns of metrics, why; NaN: an empty cell."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: "" if _is_nan(value) else as_cell(value) for key, value in row.items()} for row in rows)
    return buffer.getvalue()


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def main() -> None:
    """Command line of the job."""
    parser = job_parser(
        "Score a set of clips.",
        corpus="manifest.json of the corpus that references and prompts come from",
        clips="clips.json",
    )
    evaluators = sorted({each.evaluator for each in metrics() if each.evaluator})
    for name in evaluators:
        parser.add_argument(f"--{name}", help="folder or model.safetensors, if a metric needs one that is trained here")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    spec = parse(ScoreSpec, read_json(arguments.spec), arguments.spec)
    cases = Cases(Path(arguments.clips), Corpus(arguments.corpus))
    of_hub = {name: model for name, model in spec.models.items() if isinstance(model, str)}
    given = {name: path for name in evaluators if (path := getattr(arguments, name))}
    setup = Setup(of_hub | given, spec, arguments.threads, cases.corpus.path)
    ready = make_ready(wanted(spec, cases), setup)
    rows = score_clips(cases, ready, spec.length_tolerance)
    output = Path(arguments.output)
    for metric in ready.values():
        if isinstance(metric, SetMetric):
            write_embeddings(output.with_name(EMBEDDINGS), [row["id"] for row in rows], metric.embeddings)
    summary = summarise(rows, ready, spec.clips.get("seed"), cases.clip_set.channels == 2)
    write_json(output.with_suffix(".json"), summary)
    write_text(output, to_csv(rows))


if __name__ == "__main__":
    run_job(main)
