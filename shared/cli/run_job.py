"""What a rule runs: it checks what a job reads, runs the job, then notes where the result comes from and seals it.

    python -m shared.cli.run_job [--code HASH] [--processes N] --inputs FILE... [--outputs FILE...] -- MODULE OPTION...

The job runs in this process, so that Python starts once. Nothing that trains imports this: an edit here retrains
nothing.
"""

import argparse
import runpy
import sys
from pathlib import Path

from shared.job import run_job
from shared.record.origin import write_origin
from shared.seal import check_inputs, seal_folder

# What `accelerate launch` starts on GPUs; on CPUs that would ask for MPI.
SPREAD = "torch.distributed.run"


def main() -> None:
    """Command line of a rule."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--code", help="hash of the job's code, for the note of where its result comes from")
    parser.add_argument("--processes", type=int, default=1, help="that the job runs as (default: 1)")
    parser.add_argument("--inputs", nargs="*", type=Path, default=[], help="files that the job reads")
    parser.add_argument("--outputs", nargs="+", type=Path, help="files that the job writes in its folder under runs/")
    own, job = _split(sys.argv[1:])
    arguments = parser.parse_args(own)
    if not job:
        parser.error("no job after --")
    check_inputs(arguments.inputs)
    if arguments.processes > 1:
        job = [SPREAD, "--standalone", "--nproc-per-node", str(arguments.processes), "-m", *job]
    run_module(*job)
    if arguments.outputs and arguments.code:
        write_origin(arguments.outputs[0], arguments.code)
    if arguments.outputs:
        seal_folder(arguments.outputs, arguments.inputs)


def run_module(module: str, *options: str) -> None:
    """Do what `python -m MODULE OPTION...` does, in this process.

    Raises:
        SystemExit: it failed; with its status.
    """
    sys.argv = [module, *options]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code:
            raise


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """What stands before the first `--`, and after it."""
    end = words.index("--") if "--" in words else len(words)
    return words[:end], words[end + 1 :]


if __name__ == "__main__":
    run_job(main)
