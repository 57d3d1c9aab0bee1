"""Job: score a set of clips, one row a clip.

`python -m shared.metrics.score --spec SPEC.json --corpus manifest.json --clips clips.json
--recogniser model.safetensors --speaker model.safetensors --output scores.csv`

writes `scores.csv` and, beside it, `scores.json`: for each metric its estimator, the model and weights behind
it, the sample rate, and how many clips have a value and how many have none. Where a metric of the set is asked
(KAD, FAD), the clips' embeddings go to `embeddings.safetensors` beside it.
"""

import csv
import io
import math
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from shared.config import ConfigError, Strict, parse
from shared.corpora.manifest import Clip, load_clip, load_manifest
from shared.evaluators.asr import load_recogniser
from shared.evaluators.clap import AudioTextEmbedder
from shared.evaluators.speaker import SpeakerEmbedder
from shared.files import read_json, write_json, write_text
from shared.job import job_parser, run_job, set_threads
from shared.metrics.alignment import mismatch
from shared.metrics.embeddings import EMBEDDINGS, write_embeddings
from shared.metrics.failure import NotMeasured
from shared.metrics.measures import (
    Case,
    Chroma,
    Embedding,
    Intrusive,
    Measure,
    Pitch,
    Predicted,
    Rate,
    Similarity,
    SpeechQuality,
    TextSimilarity,
    WordErrors,
)
from shared.metrics.muq_eval import MuqEval
from shared.metrics.names import (
    COLUMNS,
    EVALUATORS,
    INTRUSIVE,
    NAMES,
    OF_SETS,
    OF_STEREO,
    MetricName,
    channels_problem,
)
from shared.metrics.text import Normaliser
from shared.metrics.utmos import Utmos
from shared.progress import Progress
from shared.sampling.clips import GeneratedClip, load_audio, load_clips

MODELS = ("recogniser", "speaker", "audio_text")  # options of this job: models that metrics use


class ScoreSpec(Strict):
    """The whole config of this job.

    Attributes:
        clips, recogniser, speaker, audio_text: specs upstream (or hub ids), kept because the scores depend on them;
            models that no metric uses are left out.
        metrics: which to compute; those that need a reference are left out of a set that has none.
        utmos: TorchScript file or hub id of UTMOS.
        muq_eval: folder or hub id of MuQ-Eval.
        dnsmos_windows: most windows of a clip that DNSMOS scores; all of them by default, as in its reference code.
        text: how texts are normalised before errors are counted.
        length_tolerance: seconds by which a clip may differ in length from its reference without a remark;
            the default is one latent frame at the slowest rate of LongCat's sweep (3072 / 24000 s).
    """

    clips: dict[str, Any]
    recogniser: dict[str, Any] | str | None = None
    speaker: dict[str, Any] | str | None = None
    audio_text: dict[str, Any] | str | None = None
    metrics: tuple[MetricName, ...] = Field(min_length=1)
    utmos: str | None = None
    muq_eval: str | None = None
    dnsmos_windows: int | None = Field(default=None, gt=0)
    text: Normaliser = "basic"
    length_tolerance: float = Field(default=0.128, ge=0)

    @model_validator(mode="after")
    def _predictors_have_their_models(self):
        for name in ("utmos", "muq_eval"):
            if name in self.metrics and not getattr(self, name):
                raise ValueError(f"metrics has {name}, which needs a file or a hub id in `{name}`")
        return self


class Cases:
    """Reads clips with their references and prompts from the corpus.

    Raises:
        ConfigError: the clips are not of this corpus.
    """

    def __init__(self, clips_path: Path, manifest_path: Path):
        self.clips_path, self.manifest_path = clips_path, manifest_path
        self.clip_set, self.manifest = load_clips(clips_path), load_manifest(manifest_path)
        self.corpus = {clip.id: clip for clip in self.manifest.clips}
        if self.clip_set.sample_rate != self.manifest.sample_rate:
            rates = f"{self.clip_set.sample_rate} Hz, the corpus at {self.manifest.sample_rate} Hz"
            raise ConfigError(f"{clips_path}: clips are at {rates}")
        if self.clip_set.channels != self.manifest.channels:
            channels = f"{self.clip_set.channels}, of the corpus {self.manifest.channels}"
            raise ConfigError(f"{clips_path}: the channels of the clips are {channels}")
        if not self.clip_set.clips:
            raise ConfigError(f"{clips_path}: no clips to score")

    def target(self, clip: GeneratedClip) -> Clip:
        """The corpus clip that `clip` speaks for."""
        return self._find(clip.id)

    def read(self, clip: GeneratedClip) -> Case:
        """Load one clip and what it is compared with."""
        reference = None if clip.reference is None else load_clip(self.manifest_path, self._find(clip.reference))
        if clip.prompt is not None:
            voice = (clip.prompt, load_clip(self.manifest_path, self._find(clip.prompt)))
        else:
            voice = None if reference is None else (clip.reference, reference)
        audio = load_audio(self.clips_path, self.clip_set, clip)
        given = round((clip.prefix_seconds or 0) * self.clip_set.sample_rate)
        if given:
            voice = (voice[0], voice[1][..., :given])
        return Case(clip, audio, reference, voice, self.clip_set.sample_rate, given)

    def _find(self, identity: str) -> Clip:
        if identity not in self.corpus:
            raise ConfigError(f"{self.clips_path}: clip {identity} is not in {self.manifest_path}")
        return self.corpus[identity]


def wanted(spec: ScoreSpec, cases: Cases) -> list[MetricName]:
    """The metrics to compute, in table order; those that need a reference only where some clip has one.

    Metrics of the set share one measure, which goes by the name of the first of them.

    Raises:
        ConfigError: one of them is not of as many channels as the clips have.
    """
    if problem := channels_problem(spec.metrics, cases.clip_set.channels):
        raise ConfigError(f"{cases.clips_path}: metrics has {problem}")
    has_reference = any(clip.reference is not None for clip in cases.clip_set.clips)
    repeated = [name for name in OF_SETS if name in spec.metrics][1:]
    names = [name for name in NAMES if name in spec.metrics and name not in repeated]
    return [name for name in names if has_reference or name not in INTRUSIVE]


def build_measure(
    name: MetricName, spec: ScoreSpec, models: dict[str, str | None], threads: int, corpus: Path | None = None
) -> Measure:
    """The measure behind one metric; loads its model.

    Args:
        name: the metric.
        spec: the job's config.
        models: by kind (see `EVALUATORS`) the folder or hub id of each model that there is.
        threads: of models that set their own.
        corpus: manifest of the corpus, which chroma's notes lie beside.

    Raises:
        ConfigError: its model is not given or cannot be loaded, or the corpus has no notes.
    """
    kind = EVALUATORS.get(name)
    if kind in models and models[kind] is None:
        raise ConfigError(f"metrics has {name}, which needs --{kind}: a folder or a hub id")
    builders: dict[str, Callable[[], Measure]] = {
        "wer": lambda: WordErrors(load_recogniser(models["recogniser"]), spec.text),
        "sim": lambda: Similarity(SpeakerEmbedder(models["speaker"])),
        "text_similarity": lambda: TextSimilarity(AudioTextEmbedder(models["audio_text"])),
        **{each: lambda: Embedding(AudioTextEmbedder(models["audio_text"])) for each in OF_SETS},
        "dnsmos": lambda: SpeechQuality(threads, spec.dnsmos_windows),
        "utmos": lambda: Predicted("UTMOS", Utmos, spec.utmos),
        "muq_eval": lambda: Predicted("MuQ-Eval", MuqEval, spec.muq_eval),
        "rate": Rate,
        "pitch": Pitch,
        "chroma": lambda: Chroma(corpus),
    }
    return builders[name]() if name in builders else Intrusive(name)


def score_case(case: Case, measures: dict[MetricName, Measure], tolerance: float, clock: dict[str, float]) -> dict:
    """Values of all columns for one clip; a metric without a value is NaN and says why in `reason`.

    `clock` gets the seconds that each metric took added.
    """
    row: dict[str, Any] = {}
    reasons = []
    for name, measure in measures.items():
        start = time.perf_counter()
        try:
            values = measure(case)
            if any(isinstance(value, float) and not math.isfinite(value) for value in values):
                raise NotMeasured("the value is not finite")
        except NotMeasured as error:
            values = (math.nan,) * len(COLUMNS[name])
            reasons.append(f"{name}: {error}")
        clock[name] += time.perf_counter() - start
        row |= dict(zip(COLUMNS[name], values, strict=True))
    row["text"] = case.clip.text
    if case.reference is not None:
        remark = mismatch(case.reference, case.audio, case.sample_rate, tolerance)
        reasons += [f"length: {remark}"] if remark else []
    return row | {"reason": "; ".join(reasons)}


def score_clips(cases: Cases, measures: dict[MetricName, Measure], tolerance: float) -> list[dict[str, Any]]:
    """One row a clip, in the set's order; prints progress and, at the end, where the time went."""
    progress = Progress("score", len(cases.clip_set.clips), unit="clip")
    clock: dict[str, float] = defaultdict(float)
    rows = []
    for clip in cases.clip_set.clips:
        target = cases.target(clip)
        head = {"id": clip.id, "speaker": clip.speaker, "seen_speaker": target.seen_speaker}
        rows.append(head | score_case(cases.read(clip), measures, tolerance, clock))
        progress.update()
    spent = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in clock.items())
    print(f"score: time in {spent}", file=sys.stderr)
    return rows


def summarise(
    rows: list[dict], measures: dict[MetricName, Measure], seed: int | None, stereo: bool = False
) -> dict[str, dict]:
    """For each metric its provenance, the seed of the clips, and the clips with (`n`) and without a value.

    Of stereo clips also what the metric makes of their two channels.
    """
    summary = {}
    for name, measure in measures.items():
        failed = sum(_has_failed(row, name) for row in rows)
        summary[name] = measure.provenance() | {"n": len(rows) - failed, "n_failed": failed, "seed": seed}
        if stereo:
            summary[name]["stereo"] = OF_STEREO[name]
    return summary


def _has_failed(row: dict[str, Any], name: MetricName) -> bool:
    if name in OF_SETS:
        return any(part.startswith(f"{name}: ") for part in row["reason"].split("; "))
    return _is_nan(row[COLUMNS[name][0]])


def to_csv(rows: list[dict[str, Any]]) -> str:
    """Rows as CSV: who, what was said and heard, one column a metric, why; NaN is an empty cell."""
    first = [name for name in ("id", "speaker", "seen_speaker", *COLUMNS["wer"], "text") if name in rows[0]]
    columns = [*first, *(name for name in rows[0] if name not in (*first, "reason")), "reason"]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: "" if _is_nan(value) else value for key, value in row.items()} for row in rows)
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
    for kind in MODELS:
        parser.add_argument(f"--{kind}", help="folder, its model.safetensors, or hub id; if a metric needs it")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    spec = parse(ScoreSpec, read_json(arguments.spec), arguments.spec)
    cases = Cases(Path(arguments.clips), Path(arguments.corpus))
    models = {kind: getattr(arguments, kind) for kind in MODELS}
    measures = {
        name: build_measure(name, spec, models, arguments.threads, cases.manifest_path) for name in wanted(spec, cases)
    }
    if not measures:
        raise ConfigError(f"{arguments.clips}: none of {', '.join(spec.metrics)} applies without references")
    rows = score_clips(cases, measures, spec.length_tolerance)
    output = Path(arguments.output)
    for measure in measures.values():
        if isinstance(measure, Embedding):
            write_embeddings(output.with_name(EMBEDDINGS), [row["id"] for row in rows], measure.embeddings)
    summary = summarise(rows, measures, spec.clips.get("seed"), cases.clip_set.channels == 2)
    write_json(output.with_suffix(".json"), summary)
    write_text(output, to_csv(rows))


if __name__ == "__main__":
    run_job(main)
