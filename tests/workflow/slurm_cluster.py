"""A Slurm cluster of one node that lives in a folder: its own munge key, ports and state, nothing of the system's.

To look at it by hand: `python -m tests.workflow.slurm_cluster FOLDER` starts it, prints the path to export
and stops it at Ctrl-C.
"""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
COMMANDS = ("slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "sinfo", "scontrol")
CPUS = 2
CONFIG = """
ClusterName=replicate
SlurmctldHost={host}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=1,bf_interval=1
# squeue must still know jobs that ended, since there is no accounting to ask.
MinJobAge=86400
ReturnToService=2
NodeName={host} CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str | None:
    """Why no cluster can be started here, or None."""
    absent = [name for name in DAEMONS if not find(name)]
    return f"{', '.join(absent)} not found (apt install slurm-wlm munge)" if absent else None


def find(daemon: str) -> str | None:
    """Path of a daemon; Debian keeps them where a user's PATH does not look."""
    return shutil.which(daemon, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")


class Cluster:
    """Starts with `with`, and stops, jobs and all, at its end."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.environment = {**os.environ, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        self._daemons: list[subprocess.Popen] = []

    def __enter__(self):
        for name in ("bin", "state", "spool"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name in COMMANDS:
            # The executor plugin takes all SLURM_ variables out of a job's environment, so each command sets its own.
            command = self.folder / "bin" / name
            command.write_text(f'#!/bin/sh\nSLURM_CONF="{self.folder}/slurm.conf" exec "{find(name)}" "$@"\n')
            command.chmod(0o755)
        host = socket.gethostname().split(".")[0]
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 * 3 // 4
        settings = {"host": host, "user": getpass.getuser(), "folder": self.folder, "ports": _free_ports(2)}
        (self.folder / "slurm.conf").write_text(CONFIG.format(**settings, cpus=CPUS, memory=memory))
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        places = {"key-file": key, "socket": self.folder / "munge.socket"}
        places |= {f"{name}-file": self.folder / f"munge.{name}" for name in ("pid", "log", "seed")}
        try:
            self._start("munged", "--foreground", "--force", *(f"--{name}={path}" for name, path in places.items()))
            self._wait(lambda: (self.folder / "munge.socket").exists(), "munged")
            self._start("slurmctld", "-D")
            self._start("slurmd", "-D", "-N", host)
            self._wait(lambda: "idle" in self.ask("sinfo", "--noheader", "--format=%T"), "slurmd")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if len(self._daemons) == len(DAEMONS):
            self.ask("scancel", f"--user={getpass.getuser()}")
            time.sleep(2)
        for daemon in reversed(self._daemons):
            daemon.terminate()
            daemon.wait(timeout=30)

    def ask(self, *command: str) -> str:
        """What one of Slurm's commands says."""
        done = subprocess.run([self.folder / "bin" / command[0], *command[1:]], text=True, capture_output=True)
        return done.stdout + done.stderr

    def jobs(self) -> dict[str, tuple[str, str]]:
        """Job id → `(state, comment)`; Snakemake's comment names the rule."""
        lines = self.ask("squeue", "--states=all", "--noheader", "--format=%i|%T|%k").splitlines()
        return {number: (state, comment) for number, state, comment in (line.split("|", 2) for line in lines)}

    def _start(self, name: str, *options: str) -> None:
        with open(self.folder / f"{name}.out", "w") as log:
            command = [self.folder / "bin" / name if name in COMMANDS else find(name), *options]
            self._daemons.append(subprocess.Popen(command, env=self.environment, stdout=log, stderr=log))

    def _wait(self, ready, name: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not start:\n{(self.folder / f'{name}.out').read_text()[-2000:]}")
            time.sleep(0.2)


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def main() -> None:
    """Run a cluster until Ctrl-C."""
    with Cluster(Path(sys.argv[1]).absolute()) as cluster:
        print(f"export PATH={cluster.folder / 'bin'}:$PATH", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            cluster._daemons[0].wait()


if __name__ == "__main__":
    main()
