"""Whether metrics see what they should: each is given recordings, and the same made worse by known steps.

`python -m shared.metrics.ladder --corpus manifest.json --metrics pesq stoi dnsmos --clips 12 --output ladder.csv`

prints, and writes as CSV, for each statistic its value and standard error on each rung of the ladder (the recordings;
white noise at 30, 20, 10 and 0 dB; random phases), whether it puts the noise in order and the recordings above all, and
what it costs. A metric that does not is *not testable there*: what it says of reconstructions on such a corpus is no
evidence. A step counts where the paired difference over the clips is two standard errors:

    R = Σ a / Σ b,  e = (a − R b) / Σ b,  SE(R)² = n/(n−1) Σ e²,  SE(R₁ − R₂)² = n/(n−1) Σ (e₁ − e₂)²
"""

import argparse
import csv
import io
import resource
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from shared.cells import as_cell
from shared.config import ConfigError, Strict, parse
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import SPLITS, Clip, Split
from shared.files import read_json, write_text
from shared.job import run_job, set_threads
from shared.metrics.base import Case, Metric, Setup, channels_problem, chosen, metrics
from shared.metrics.rungs import NOISE, RANDOM_PHASES, RECORDINGS, RUNGS, rungs
from shared.metrics.score import ScoreSpec, make_ready, score_case
from shared.metrics.statistic import Statistic
from shared.progress import Progress
from shared.sampling.clips import GeneratedClip, clip_file

LEAST_ERRORS = 2.0  # standard errors of a difference that counts
ANY_LENGTH = float("inf")  # a clip is as long as its recording here


@dataclass(frozen=True)
class Ladder:
    """A statistic on each rung.

    Attributes:
        statistic: which.
        terms: numerators and denominators of the clips on each rung, `(2, clips)`.
        seconds: of processor time that its metric took for each clip, the median.
        real_time: the same as a share of what the clip lasts.
    """

    statistic: Statistic
    terms: dict[str, np.ndarray]
    seconds: float
    real_time: float

    def n(self, rung: str) -> int:
        """Clips that have a value."""
        return int((self.terms[rung][1] > 0).sum())

    def value(self, rung: str) -> float:
        """Of all clips that have one; NaN if none has."""
        top, bottom = self.terms[rung].sum(axis=1)
        return float(top / bottom) if bottom else float("nan")

    def error(self, rung: str) -> float:
        """Standard error of the value; NaN of fewer than two clips."""
        return _spread(_residuals(self.terms[rung]), self.n(rung))

    def steps_down(self, upper: str, lower: str) -> bool | None:
        """Whether the value is worse on the lower rung, over clips that have one on both; None: can't be told."""
        both = (self.terms[upper][1] > 0) & (self.terms[lower][1] > 0)
        if both.sum() < 2:
            return None
        pair = [self.terms[rung][:, both] for rung in (upper, lower)]
        first, second = (terms[0].sum() / terms[1].sum() for terms in pair)
        better = (first - second) * (1 if self.statistic.higher_is_better else -1)
        error = _spread(_residuals(pair[0]) - _residuals(pair[1]), int(both.sum()))
        return bool(better > 0) if abs(better) > LEAST_ERRORS * error else None

    def faults(self) -> list[str]:
        """Pairs of rungs that it puts wrongly (`<`) or can't tell apart (`=`): none if it may be believed."""
        steps = [*pairwise(NOISE), *((RECORDINGS, rung) for rung in (*NOISE, RANDOM_PHASES))]
        found = [(upper, lower, self.steps_down(upper, lower)) for upper, lower in steps]
        return [f"{upper} {'=' if down is None else '<'} {lower}" for upper, lower, down in found if not down]


def _residuals(terms: np.ndarray) -> np.ndarray:
    """`(clips,)`: what each clip of `(2, clips)` moves the ratio of the sums by."""
    top, bottom = terms
    total = bottom.sum()
    return (top - top.sum() / total * bottom) / total if total else np.full(len(top), np.nan)


def _spread(residuals: np.ndarray, used: int) -> float:
    return float(np.sqrt(used / (used - 1) * np.sum(residuals**2))) if used > 1 else float("nan")


def climb(corpus: Corpus, clips: list[Clip], ready: dict[str, Metric], seed: int) -> list[Ladder]:
    """Score each clip on each rung by each metric; the same clips and draws for all.

    The voice that a clip should have is that of another of the same speaker.
    """
    columns: dict[tuple[str, str], list[float]] = {}
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in ready}
    progress = Progress("ladder", len(clips), unit="clip")
    for index, clip in enumerate(clips):
        audio, voice = corpus.audio(clip), _voice(corpus, clip)
        said = GeneratedClip(
            id=clip.id, file=clip_file(clip.id), text=clip.text, reference=clip.id, prompt=voice and voice[0],
            speaker=clip.speaker,
        )  # fmt: skip
        for rung, heard in rungs(audio, seed + index).items():
            case = Case(said, heard, audio, voice, corpus.sample_rate)
            for name, metric in ready.items():
                start = _processor_seconds()
                row = score_case(case, {name: metric}, ANY_LENGTH, {name: 0.0})
                spent[name].append((_processor_seconds() - start, clip.seconds))
                for column in metric.columns:
                    columns.setdefault((rung, column), []).append(_number(row[column]))
        progress.update()
    return [
        _ladder(statistic, columns, spent[metric.name]) for metric in ready.values() for statistic in metric.statistics
    ]


def _ladder(
    statistic: Statistic, columns: dict[tuple[str, str], list[float]], spent: list[tuple[float, float]]
) -> Ladder:
    terms = {
        rung: statistic.terms({name: np.array(columns[rung, name]) for name in statistic.columns()}) for rung in RUNGS
    }
    shares = [seconds / lasts for seconds, lasts in spent]
    return Ladder(statistic, terms, statistics.median(seconds for seconds, _ in spent), statistics.median(shares))


def _voice(corpus: Corpus, clip: Clip) -> tuple[str, np.ndarray] | None:
    """Another clip of the same speaker and split."""
    others = [each for each in corpus.split(clip.split) if each.speaker == clip.speaker and each.id != clip.id]
    return (others[0].id, corpus.audio(others[0])) if clip.speaker is not None and others else None


def _number(value: Any) -> float:
    return float("nan") if isinstance(value, str) else float(value)


def _processor_seconds() -> float:
    """Of this process and those that it started."""
    import psutil

    own = resource.getrusage(resource.RUSAGE_SELF)
    others = [each.cpu_times() for each in psutil.Process().children(recursive=True)]
    return own.ru_utime + own.ru_stime + sum(each.user + each.system for each in others)


def table(ladders: Iterable[Ladder]) -> list[dict[str, Any]]:
    """A row for each statistic, for the CSV file."""
    rows = []
    for each in ladders:
        faults = each.faults()
        row: dict[str, Any] = {"statistic": each.statistic.name, "testable": not faults, "faults": "; ".join(faults)}
        for rung in RUNGS:
            name = rung.replace(" ", "_")
            row |= {name: each.value(rung), f"{name}_se": each.error(rung), f"{name}_n": each.n(rung)}
        rows.append(row | {"cpu_seconds": each.seconds, "real_time_factor": each.real_time})
    return rows


def to_csv(rows: list[dict[str, Any]]) -> str:
    """Rows as CSV; NaN: an empty cell."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, rows[0], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: "" if value != value else as_cell(value) for key, value in row.items()})
    return buffer.getvalue()


def show(ladders: Iterable[Ladder]) -> str:
    """The same for people, in Markdown: value ± standard error, and what is wrong with the order."""
    head = ["metric", *RUNGS, "CPU s a clip", "× real time", "testable"]
    lines = [head, ["---"] * len(head)]
    for each in ladders:
        shown = each.statistic.show
        values = [f"{shown(each.value(rung))} ± {shown(each.error(rung))}" for rung in RUNGS]
        verdict = f"no: {'; '.join(faults)}" if (faults := each.faults()) else "yes"
        lines.append([each.statistic.label, *values, f"{each.seconds:.3f}", f"{each.real_time:.3f}", verdict])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def asked_for(names: list[str], corpus: Corpus) -> list[type[Metric]]:
    """The metrics of these names.

    Raises:
        ConfigError: one of them is unknown, has no value for a single clip, or is not of so many channels.
    """
    found = list(chosen(names))
    if sets := [each.name for each in found if each.of_set]:
        raise ConfigError(f"--metrics: {', '.join(sets)}: of a set of clips, which has no ladder; leave it out")
    if problem := channels_problem(names, corpus.channels):
        raise ConfigError(f"--metrics has {problem}")
    return found


class LadderSpec(Strict):
    """The whole config of the job."""

    corpus: dict[str, Any] = Field(default_factory=dict)
    models: dict[str, Any] = Field(default_factory=dict)
    metrics: list[str] = Field(min_length=1)
    clips: int = Field(default=12, ge=2)
    split: Split = "test"
    seed: int = 0
    dnsmos_windows: int | None = None


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, type=Path, help="manifest.json of a corpus")
    parser.add_argument("--metrics", nargs="+", help="by their names, as in study.yaml")
    parser.add_argument("--split", choices=SPLITS, default="test", help="default: test")
    parser.add_argument("--clips", type=int, default=12, help="the first so many of the split (default: 12)")
    parser.add_argument("--seed", type=int, default=0, help="of noise and phases (default: 0)")
    parser.add_argument("--spec", help="a JSON file that says all of this, as a workflow's job has it")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    parser.add_argument("--output", required=True, type=Path, help="CSV file to write")
    evaluators = sorted({each.evaluator for each in metrics() if each.evaluator})
    for name in evaluators:
        parser.add_argument(f"--{name}", help="a folder, a file or a hub id, if a metric needs one")
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    if not arguments.spec and not arguments.metrics:
        parser.error("--metrics: name at least one")
    typed = {name: getattr(arguments, name) for name in ("metrics", "clips", "split", "seed")}
    asked = read_json(arguments.spec) if arguments.spec else typed
    spec = parse(LadderSpec, asked, arguments.spec or "command line")
    corpus = Corpus(arguments.corpus)
    clips = corpus.split(spec.split)[: spec.clips]
    if len(clips) < 2:
        raise ConfigError(f"{corpus.path}: split {spec.split} has {len(clips)} clips of those asked; 2 are needed")
    chosen_metrics = asked_for(spec.metrics, corpus)
    of_hub = {name: model for name, model in spec.models.items() if isinstance(model, str)}
    models = of_hub | {name: model for name in evaluators if (model := getattr(arguments, name))}
    scoring = parse(
        ScoreSpec,
        {"clips": {}, "models": models, "metrics": spec.metrics, "dnsmos_windows": spec.dnsmos_windows},
        arguments.spec or "--metrics",
    )
    ready = make_ready(chosen_metrics, Setup(models, scoring, arguments.threads, corpus.path))
    ladders = climb(corpus, clips, ready, spec.seed)
    write_text(arguments.output, to_csv(table(ladders)))
    print(show(ladders))


if __name__ == "__main__":
    run_job(main)
