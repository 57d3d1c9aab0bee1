"""How time and memory grow with hours of audio, steps, test clips, seeds and variants: three sizes of each.

    make SCALE=smoke figures/longcat_fig3.pdf
    OMP_NUM_THREADS=1 PYTHONPATH=. .venv/bin/python benchmarks/growth.py [--only WORD ...]

The first trains the models, Figure 3's at scale `smoke`; corpora of noise are written here, since their loading is to
be measured and not the synthesiser; test clips are speech with a little noise. Each cell is measured in a process
forked off this one, which has imported all: process seconds on one thread, and how many MB more than at its start it
had at the most; of `--repeats` measurements the least. The slope is that between the two larger sizes, so that what all
sizes take alike is no part of it. `even` is that slope over the one between the two smaller: 1 where growth is linear,
and where it is quadratic the ratio of a size to the one before.
"""

import argparse
import csv
import dataclasses
import importlib.util
import json
import os
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
import transformers  # noqa: F401  else each process would import it for itself
from cluster import STUDY, make_study
from memory import command_of

from shared.audio.io import write_pcm16
from shared.autoencoders.latents import Latents
from shared.cli.run_job import run_module
from shared.corpora.build import build_corpus
from shared.corpora.corpus import Corpus
from shared.corpora.folder import FolderConfig, build_folder
from shared.corpora.speech import SpeechConfig
from shared.metrics.base import Metric, metrics
from shared.plan.plan import Plan
from shared.plan.point import Job
from shared.plan.schema import load_sources
from shared.plotting.draw import StudyTable, load_layout
from shared.record.table import Setting, make_rows
from shared.sampling.clips import GeneratedClip, clip_file, write_clips
from shared.statistics.scores import StudyScores, load_study
from shared.training.crops import Crops, stored_split
from shared.training.encode import encode_corpus
from shared.training.evaluators.training import extract_all, make_extractor
from shared.training.latent_examples import LatentExamples

ROOT = Path(__file__).parents[1]
RATE, SECONDS, SPEAKERS_AN_HOUR = 16_000, 2.0, 36
SCORES = ROOT / "results/cpu/longcat/scores/fig3"
SIDES = ("reconstruction", "generation")
PARTS = ("hours", "steps", "clips", "study")
STEPS, CLIPS = (10, 30, 90), (4, 12, 36)
NOISE = 0.003  # amplitude of what a test clip has and its reference has not


def measured(run: Callable[[], Any]) -> tuple[float, float]:
    """Process seconds and further MB of a call, in a process of its own."""
    sys.stdout.flush()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = process_seconds()
        try:
            run()
        except (Exception, SystemExit):  # this process must not go on where the other is
            traceback.print_exc(file=sys.stdout)
            sys.stdout.flush()
            os._exit(1)
        spent = process_seconds() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        os.write(writing, json.dumps([spent, (peak - before) / 1024]).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        said = file.read()
    if os.waitpid(child, 0)[1]:
        sys.exit("a measurement failed")
    return tuple(json.loads(said))


def process_seconds() -> float:
    """Of this process and of those that it keeps, such as the one that PESQ's native code runs in."""
    kept = [each.cpu_times() for each in psutil.Process().children(recursive=True)]
    return time.process_time() + sum(each.user + each.system for each in kept)


class Table:
    """Prints a row for each thing that is measured at three sizes."""

    def __init__(self, only: Sequence[str], repeats: int):
        self.only, self.repeats = only, repeats

    def title(self, unit: str) -> None:
        """Begin a part."""
        print(f"\n{unit:31s} {'sizes':>15s} {'seconds':>22s} {'slope':>10s} even {'MB':>17s} {'slope':>8s} even")

    def row(self, name: str, sizes: Sequence[float], run: Callable[[Any], Any]) -> None:
        """Measure and print one."""
        if self.only and not any(word in name for word in self.only):
            return
        seconds, peaks = zip(*(self.least(lambda size=size: run(size)) for size in sizes), strict=True)
        print(f"{name:31s} {'/'.join(f'{size:g}' for size in sizes):>15s} ", end="")
        print(f"{'/'.join(f'{value:.3g}' for value in seconds):>22s} {slopes(sizes, seconds)} ", end="")
        print(f"{'/'.join(f'{value:.0f}' for value in peaks):>17s} {slopes(sizes, peaks)}", flush=True)

    def least(self, run: Callable[[], Any]) -> tuple[float, float]:
        """Process seconds and further MB of a call, each the least of its repeats."""
        found = [measured(run) for _ in range(self.repeats)]
        return min(seconds for seconds, _ in found), min(peak for _, peak in found)


def slopes(sizes: Sequence[float], values: Sequence[float]) -> str:
    """The slope between the larger two sizes, and how much steeper that is than before."""
    small, large = np.diff(values) / np.diff(sizes)
    return f"{large:10.3g} {large / small:4.1f}" if small > 0 else f"{large:10.3g}    –"


def noise_corpus(folder: Path, hours: float) -> Path:
    """A folder of noise with texts and speakers, that many hours."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    clips = round(hours * 3600 / SECONDS)
    speakers = max(2, round(hours * SPEAKERS_AN_HOUR))
    with open(folder / "metadata.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file_name", "text", "speaker"])
        for number in range(clips):
            write_pcm16(folder / f"{number}.wav", rng.uniform(-0.3, 0.3, int(RATE * SECONDS)), RATE)
            table.writerow([f"{number}.wav", f"say the number {number}", f"speaker {number % speakers}"])
    return folder


def of_hours(table: Table, work: Path, sizes: Sequence[float], models: dict[str, Job]) -> None:
    """What grows with the corpus."""
    built = {hours: work / f"built{hours}/manifest.json" for hours in sizes}
    folders = {hours: noise_corpus(work / f"folder{hours}", hours) for hours in sizes}

    def build(hours: float, place: Path | None = None) -> None:
        config = FolderConfig(kind="folder", path=str(folders[hours]), sample_rate=RATE)
        build_folder(config, place or work / f"again{hours}/manifest.json")

    for hours, place in built.items():
        build(hours, place)
    examples = {hours: Crops(stored_split([Corpus(place)], "train"), 12_288, 64) for hours, place in built.items()}
    extractor = make_extractor(4)

    def latents(hours: float) -> LatentExamples:
        clips = Corpus(built[hours]).split("train")
        frames = int(RATE * SECONDS / 1024)
        mean = torch.ones(len(clips) * frames, 64)
        offsets = torch.arange(len(clips) + 1) * frames
        return LatentExamples(Latents(mean, mean.clone(), offsets, 1024), clips, 1.0, 2)

    def draws(crops: Crops) -> None:
        rng = np.random.default_rng(0)
        for _ in range(50):
            crops.draw(8, rng)

    def features(hours: float) -> None:
        corpus = Corpus(built[hours])
        extract_all(corpus, corpus.split("train")[: round(hours * 300)], extractor)

    autoencoder = Path(models["autoencoder"].output)
    table.title("hours of audio")
    table.row("check and convert recordings", sizes, build)
    table.row("read the manifest", sizes, lambda hours: Corpus(built[hours]))
    table.row("autoencoder: check the audio", sizes, lambda hours: stored_split([Corpus(built[hours])], "train"))
    table.row("autoencoder: draw 50 batches", sizes, lambda hours: draws(examples[hours]))
    table.row("evaluators: features of 1/6", sizes, features)
    table.row("latents: encode", sizes, lambda hours: encode_corpus(Corpus(built[hours]), autoencoder, work / "z"))
    table.row("generator: hold latents (64)", sizes, latents)


def run_again(job: Job, spec: dict[str, Any], work: Path, **inputs: str) -> None:
    """Run a job with another spec, and with other `inputs` where given, in a new folder and this process."""
    job = dataclasses.replace(job, folder=tempfile.mkdtemp(dir=work), inputs=job.inputs | inputs)
    run_module(*command_of(job, spec))


def of_steps(table: Table, work: Path, models: dict[str, Job]) -> None:
    """What grows with the steps of a training."""

    def train(kind: str, steps: int) -> None:
        job = models[kind]
        recipe = job.spec[kind]
        training = recipe["training"] | {"steps": steps, "checkpoint_every": steps}
        run_again(job, job.spec | {kind: recipe | {"training": training}}, work)

    table.title("steps")
    for kind in ("autoencoder", "generator"):
        table.row(f"train the {kind}", STEPS, lambda steps, kind=kind: train(kind, steps))


def of_clips(table: Table, work: Path, models: dict[str, Job]) -> None:
    """What grows with the test clips."""
    more = {"grammar": "command", "utterances": 2 * max(CLIPS), "test": max(CLIPS) + 5}
    manifest = work / "spoken/manifest.json"
    build_corpus(SpeechConfig.model_validate(models["corpus"].spec | more), manifest)
    heard = {clips: noisy_clips(work / f"heard{clips}/clips.json", Corpus(manifest), clips) for clips in CLIPS}

    def make(kind: str, clips: int) -> None:
        run_again(models[kind], models[kind].spec | {"clips": clips}, work, corpus=str(manifest))

    def score(metric: type[Metric], clips: int) -> None:
        spec = {"clips": {}, "models": {"asr": {}, "speaker": {}}, "metrics": [metric.name]}
        run_again(models["scores"], spec, work, corpus=str(manifest), clips=str(heard[clips]))

    table.title("test clips")
    for kind in ("reconstructions", "samples"):
        table.row(kind, CLIPS, lambda clips, kind=kind: make(kind, clips))
    for metric in filter(can_score, metrics()):
        table.row(f"score: {metric.name}", CLIPS, lambda clips, metric=metric: score(metric, clips))


def noisy_clips(path: Path, corpus: Corpus, number: int) -> Path:
    """The first test clips with noise added, as if they were reconstructions."""
    rng = np.random.default_rng(0)
    clips = [
        (GeneratedClip(id=clip.id, file=clip_file(clip.id), text=clip.text, reference=clip.id, prompt=None,
                       speaker=clip.speaker, kl=1.0, kbps=1.0),
         corpus.audio(clip) + rng.normal(0, NOISE, round(clip.seconds * corpus.sample_rate)).astype(np.float32))
        for clip in corpus.split("test")[:number]
    ]  # fmt: skip
    write_clips(path, corpus.sample_rate, clips)
    return path


def can_score(metric: type[Metric]) -> bool:
    """Whether it scores one clip of mono speech with what is here."""
    of_speech = not (metric.of_set or metric.needs_notes or metric.stereo_only)
    there = metric.package is None or importlib.util.find_spec(metric.package)
    return of_speech and bool(there) and metric.evaluator in (None, "asr", "speaker")


def scores_of(variants: int, seeds: int) -> StudyScores:
    """The record's scores of Figure 3, each as those of many variants and seeds."""
    recorded = ("dim64", "dim128", "dim256")
    files = {
        (f"v{number}", seed, side): SCORES / f"{recorded[number % 3]}_s{seed % 3}_{side}.csv"
        for number in range(variants) for seed in range(seeds) for side in SIDES
    }  # fmt: skip
    names = [f"v{number}" for number in range(variants)]
    return load_study(names, list(range(seeds)), files, SCORES / "ground_truth.csv")


def of_study(table: Table, work: Path) -> None:
    """What grows with seeds and variants: the jobs do by their number, so here is what they have in common."""

    def tabulate(variants: int, seeds: int) -> list:
        scores = scores_of(variants, seeds)
        settings = {name: Setting(label=name, setting="1") for name in ("ground_truth", *scores.variants)}
        return make_rows("fig3", scores, settings, {})

    rows = {variants: tabulate(variants, 1) for variants in (4, 20, 100)}

    def figure(variants: int) -> None:
        own = [row.model_copy(update={"setting": row.variant[1:]}) for row in rows[variants]]
        names = [f"v{number}" for number in range(variants)]
        study = StudyTable("growth", "latent dim", "", "cpu", 1, names, own)
        load_layout(ROOT / "replications/longcat/figures.py", "fig3")(study).savefig(work / "figure.pdf")

    for variants in (4, 20, 100):
        make_study(work / f"study{variants}", variants)
    table.title("seeds")
    table.row("table of 3 variants", (1, 5, 25), lambda seeds: tabulate(3, seeds))
    table.title("variants")
    table.row("plan, 3 seeds", (4, 20, 100), lambda variants: plan(work / f"study{variants}"))
    table.row("table, 1 seed", (4, 20, 100), lambda variants: tabulate(variants, 1))
    table.row("figure", (4, 20, 100), figure)


def plan(replications: Path) -> None:
    """Make the plan and, as Snakemake asks for it, each job's spec and code, and what the table is made of."""
    made = Plan(load_sources(replications), "cpu")
    for job in made.jobs.values():
        job.spec_text, job.code  # noqa: B018
    made.study_folder("longcat", STUDY)


def models_of(scale: str) -> dict[str, Job]:
    """The jobs of Figure 3's first variant at a scale, by kind, as far as they have run."""
    made = Plan(load_sources(ROOT / "replications"), scale, seeds=[0])
    sides = made.points["longcat", "fig3"][0].scores[0]
    jobs = [each for side in sides.values() for each in (side, *made.upstream(side))]
    found = {job.kind: job for job in jobs}
    if missing := [kind for kind in ("autoencoder", "generator") if not Path(found[kind].output).exists()]:
        sys.exit(f"no {missing[0]} at scale {scale}: make SCALE={scale} figures/longcat_fig3.pdf")
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", nargs=3, type=float, default=[0.02, 0.1, 0.5])
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="rows with one of these words")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--repeats", type=int, default=1, help="of each cell (default: 1)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    table, work = Table(arguments.only, arguments.repeats), Path(tempfile.mkdtemp())
    try:
        models = models_of("smoke")
        if "hours" in arguments.parts:
            of_hours(table, work, arguments.hours, models)
        if "steps" in arguments.parts:
            of_steps(table, work, models)
        if "clips" in arguments.parts:
            of_clips(table, work, models)
        if "study" in arguments.parts:
            of_study(table, work)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
