"""Stands in for Python in the workflow's test: heavy jobs write made-up outputs, the others run for real.

Called as `stand_in.py -m shared.cli.run_job … -- MODULE --spec … --output …` through the environment variable
REPLICATE_PYTHON.
"""

import csv
import hashlib
import json
import os
import subprocess
import sys
import wave
from pathlib import Path

CLIPS = 12
RATE = 16000
REAL = ("shared.plan.", "shared.record.", "shared.plotting.", "shared.cli.")
EXPOSURE = "position,seconds,teacher_forced,free_running,recorded_clips,free_running_clips\n"


def main() -> None:
    """What Python would do, but for the jobs that a rule runs."""
    if sys.argv[2] != "shared.cli.run_job":
        sys.exit(subprocess.run([sys.executable, *sys.argv[1:]]).returncode)
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from shared.cli import run_job

    really = run_job.run_module
    run_job.run_module = lambda module, *options: (really if module.startswith(REAL) else stand_in)(module, *options)
    sys.argv = sys.argv[2:]
    run_job.run_job(run_job.main)


def stand_in(module: str, *arguments: str) -> None:
    """Run one job."""
    if os.environ.get("FAIL_IN") == module:
        print(f"{module}: made to fail", file=sys.stderr)
        sys.exit(1)
    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    output = Path(options["--output"])
    spec = Path(options["--spec"]).read_text()
    inputs = [Path(value) for name, value in options.items() if name not in ("--output", "--spec")]
    assert all(path.exists() for path in inputs if path.suffix in (".json", ".safetensors", ".csv"))
    print(f"{module}: working", file=sys.stderr)
    if output.name == "ladder.csv":
        output.write_text("statistic,faults\nsim,\n")
    elif output.name == "scores.csv":
        _write_scores(output, spec)
    elif output.name == "exposure_bias.csv":
        curve = [f"{place},{place / 10},0.1,{place / 5},{CLIPS},{CLIPS}\n" for place in range(1, 9)]
        output.write_text("".join([EXPOSURE, *curve]))
        output.with_suffix(".json").write_text("{}")
    elif output.name == "manifest.json":
        _write_corpus(output)
    elif output.name == "clips.json":
        _write_clips(output, spec)
    elif output.name == "compactness.csv":
        from tests.measurements.made_up_compactness import write_compactness  # here, as it takes the others' time

        write_compactness(output, [5, 8, 8, 18], border=20, clips=CLIPS)
        output.with_suffix(".json").write_text("{}")
    elif output.suffix == ".csv":
        _write_by_clip(output, module)
    else:
        output.write_text(hashlib.sha256((module + spec).encode()).hexdigest())
        if module == "shared.training.autoencoder" and json.loads(spec)["autoencoder"]["snapshots"]:
            output.with_name("snapshots.safetensors").write_text("made-up")


def _write_corpus(output: Path) -> None:
    from shared.corpora.manifest import Clip, write_manifest

    rest = {"text": "a b", "speaker": "s", "split": "test", "seen_speaker": True, "seconds": 0.1}
    write_manifest(output, RATE, [Clip(**_write_wav(output, f"clip{i}", "real"), **rest) for i in range(CLIPS)], [])


def _write_clips(output: Path, spec: str) -> None:
    rest = {"text": "a b", "reference": None, "prompt": None, "speaker": "s"}
    clips = [{**_write_wav(output, f"clip{i}", spec), **rest} for i in range(CLIPS)]
    output.write_text(json.dumps({"sample_rate": RATE, "clips": clips}))


def _write_wav(output: Path, name: str, seed: str) -> dict[str, str]:
    """0.1 s of noise beside `output`: its id, its path from there, its hash."""
    from shared.files import sha256

    noise = b"".join(hashlib.sha256(f"{seed}{name}{i}".encode()).digest() for i in range(RATE // 160))
    with wave.open(str(output.with_name(f"{name}.wav")), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(noise)
    return {"id": name, "file": f"{name}.wav", "sha256": sha256(output.with_name(f"{name}.wav"))}


def _write_by_clip(output: Path, module: str) -> None:
    from shared.measurements.base import find_measurement

    measurement = find_measurement(output.stem)
    assert measurement.module == module, f"{module} is not what makes {output.name}"
    names = measurement.columns
    lines = [f"clip{index},{','.join('1.5' for _ in names)}," for index in range(CLIPS)]
    output.write_text("\n".join([f"id,{','.join(names)},reason", *lines, ""]))
    output.with_suffix(".json").write_text("{}")


def _write_scores(output: Path, spec: str) -> None:
    with open(output, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "words", "word_errors", "sim", "pesq", "stoi", "dnsmos_ovrl", "dnsmos_p808", "reason"])
        for index in range(CLIPS):
            number = int(hashlib.sha256(f"{spec}{index}".encode()).hexdigest()[:6], 16) / 16**6
            values = [round(base + number, 4) for base in (0, 1, 0, 2, 3)]
            writer.writerow([f"clip{index}", 5, int(5 * number), *values, ""])
    output.with_suffix(".json").write_text("{}")


if __name__ == "__main__":
    main()
