"""Run a command on GPUs that it leases: Snakemake counts `resources: gpu`, but does not say which device a job gets.

    python -m shared.plan.lease --gpus 1 -- COMMAND ...

A device may be leased several times over, when the profile's total of `gpu` is more than there are devices: small
models share a large GPU, the least used first. A lease is a locked file, which the system lets go of when the
command ends, however it ends.
"""

import argparse
import fcntl
import os
import subprocess
from itertools import count
from pathlib import Path

FOLDER = Path("runs/.gpus")


def devices() -> list[str]:
    """Ids of the GPUs that this process may use; CUDA_VISIBLE_DEVICES if it is set."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name for name in visible.split(",") if name.strip() not in ("", "-1")]
    command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    except (FileNotFoundError, subprocess.CalledProcessError):
        return []


def lease(known: list[str], wanted: int, folder: Path = FOLDER) -> list[str]:
    """Lock `wanted` different devices of those `known`, for as long as this process and its children live.

    Raises:
        ValueError: there are not so many.
    """
    if wanted > len(known):
        raise ValueError(f"{wanted} GPUs are wanted and {len(known)} are there")
    folder.mkdir(parents=True, exist_ok=True)
    leased: list[str] = []
    for turn in count():  # the first turn takes free devices, the next those that one job is on, and so on
        for device in known:
            if len(leased) < wanted and device not in leased and _lock(folder / f"{device}.{turn}"):
                leased.append(device)
        if len(leased) == wanted:
            break
    return leased


def _lock(path: Path) -> bool:
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    os.set_inheritable(handle, True)
    return True


def main() -> None:
    """Lease, then become the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gpus", type=int, required=True, help="how many different devices")
    parser.add_argument("command", nargs="+", help="what to run")
    arguments = parser.parse_args()
    try:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(lease(devices(), arguments.gpus))
    except ValueError as error:
        parser.exit(1, f"error: {error}\n")
    os.execvp(arguments.command[0], arguments.command)


if __name__ == "__main__":
    main()
