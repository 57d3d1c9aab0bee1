"""A tiny study of made-up music, mono or stereo, whose jobs are run here one after the other."""

import importlib
import os
import sys
from pathlib import Path

import yaml
from accelerate.state import AcceleratorState

from shared.plan.jobs import KINDS
from shared.plan.plan import Plan, as_list
from shared.plan.schema import Source

RATE, SECONDS, CLIPS = 16000, 1.0, 4
TRAINING = {"steps": 2, "batch": 2, "learning_rate": {"peak": 1e-3, "final": 1e-4}}
DISCRIMINATORS = [
    {"kind": "stft", "n_ffts": [128], "overlap": 2, "channels": 4, "stem_stride": 2, "dilations": [1]},
    {"kind": "period", "periods": [2, 3], "channels": [4, 8]},
    {"kind": "waveform", "scales": 2, "channels": 4, "strides": [4]},
]
RECONSTRUCTION = ("mel_distance", "lsd", "si_sdr", "rate", "mel_log1p", "kad", "fad")
GENERATION = ("text_similarity", "kad", "fad")


def make_study(channels: int) -> dict:
    """The study file; whatever is of stereo alone is for the test to add."""
    autoencoder = {
        "architecture": {"family": "oobleck", "audio_channels": channels, "channels": 4, "multipliers": [1, 2, 4],
                         "strides": [4, 8, 8], "shortcuts": False},
        "bottleneck": {"kind": "gaussian", "dim": 4},
        "reconstruction": {"stft": [{"n_fft": 256, "hop": 64}], "mel": [{"n_fft": 512, "hop": 128, "n_mels": 20}]},
        "kl": {"weight": 1e-2},
        "adversary": {"discriminators": DISCRIMINATORS, "normalize": True, "kind": "relativistic", "start": 1},
        "crop_seconds": 0.25,
        "training": TRAINING,
        "snapshots": {"every": 1, "clips": 2},
    }  # fmt: skip
    generator = {
        "kind": "infilling",
        "architecture": {"kind": "dit", "width": 16, "depth": 1, "heads": 1, "text_layers": 1},
        "text": {"kind": "characters", "dim": 4},
        "flow": {"mask_ratio": [1.0, 1.0]},
        "latent_scale": "std",
        "training": TRAINING,
    }
    encoder = {"bands": 16, "image": 32, "width": 8, "depths": [1], "heads": [1], "text_width": 16, "text_depth": 1,
               "text_heads": 1, "embedding": 8}  # fmt: skip
    scale = {
        "sample_rate": RATE,
        "corpus": {"kind": "music", "sample_rate": RATE, "channels": channels, "seconds": SECONDS, "parts": 1,
                   "clips": 42, "validation": 2, "test": CLIPS},
        "autoencoder": autoencoder,
        "generator": generator,
        "sampling": {"solver": {"kind": "infilling", "evaluations": 2}, "batch": 3},
        "evaluators": {"clap": {"encoder": encoder, "training": TRAINING | {"batch": 4}}},
        "evaluation": {"clips": CLIPS, "reconstruction": list(RECONSTRUCTION), "generation": list(GENERATION)},
    }  # fmt: skip
    return {
        "source": "toy", "title": "Toy", "paper": "none",
        "studies": {"fig": {"title": "One", "variants": ["one"]}},
        "variants": {"one": {"label": "One"}},
        "scales": {"smoke": scale},
    }  # fmt: skip


def write_source(folder: Path, study: dict) -> Source:
    """The source as it is read from `folder`/toy."""
    place = folder / "toy"
    place.mkdir(parents=True, exist_ok=True)
    (place / "study.yaml").write_text(yaml.safe_dump(study))
    (place / "figures.py").write_text("def fig(table):\n    pass\n")
    return Source(place / "study.yaml")


def run_jobs(plan: Plan, monkeypatch) -> None:
    """Run every job of the plan in the current folder, each after those that it rests on."""
    waiting = list(plan.jobs.values())
    while waiting:
        ready = [job for job in waiting if all(_exists(paths) for paths in job.inputs.values())]
        assert ready, f"nothing makes the inputs of {[job.folder for job in waiting]}"
        for job in ready:
            _run(job, monkeypatch)
            waiting.remove(job)


def _exists(paths: str | list[str]) -> bool:
    return all(os.path.exists(path) for path in as_list(paths))


def _run(job, monkeypatch) -> None:
    spec = Path(job.folder) / "spec.json"
    spec.parent.mkdir(parents=True, exist_ok=True)
    spec.write_text(job.spec_text)
    arguments = ["--spec", str(spec), "--output", job.output]
    for name, paths in job.inputs.items():
        arguments += [f"--{name}", *as_list(paths)]
    if job.kind in ("autoencoder", "generator"):
        arguments += ["--checkpoints", str(spec.parent / "checkpoints")]
    module = KINDS[job.kind][0]
    monkeypatch.setattr(sys, "argv", [module, *arguments])
    AcceleratorState._reset_state(reset_partial_state=True)
    importlib.import_module(module).main()
