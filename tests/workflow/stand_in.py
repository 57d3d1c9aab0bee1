"""Stands in for Python in the workflow's test: heavy jobs write made-up outputs, the others run for real.

Called as `stand_in.py -m MODULE --spec … --output …` through the environment variable REPLICATE_PYTHON.
"""

import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

CLIPS = 12
EXPOSURE = "position,seconds,teacher_forced,free_running,recorded_clips,free_running_clips\n"


def main() -> None:
    """Run one job."""
    module, arguments = sys.argv[2], sys.argv[3:]
    if module.startswith("shared.studies."):
        sys.exit(subprocess.run([sys.executable, *sys.argv[1:]]).returncode)
    if os.environ.get("FAIL_IN") == module:
        print(f"{module}: made to fail", file=sys.stderr)
        sys.exit(1)
    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    output = Path(options["--output"])
    spec = Path(options["--spec"]).read_text()
    inputs = [Path(value) for name, value in options.items() if name not in ("--output", "--spec")]
    assert all(path.exists() for path in inputs if path.suffix in (".json", ".safetensors", ".csv"))
    print(f"{module}: working", file=sys.stderr)
    if output.name == "scores.csv":
        _write_scores(output, spec)
    elif output.name == "exposure.csv":
        curve = [f"{place},{place / 10},0.1,{place / 5},{CLIPS},{CLIPS}\n" for place in range(1, 9)]
        output.write_text("".join([EXPOSURE, *curve]))
        output.with_suffix(".json").write_text("{}")
    elif output.name == "manifest.json":
        output.write_text(json.dumps({"corpus_hash": "made-up"}))
    else:
        output.write_text(hashlib.sha256((module + spec).encode()).hexdigest())


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
