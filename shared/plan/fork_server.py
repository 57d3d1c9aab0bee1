"""Forks the processes of jobs, so that what takes seconds to import is imported once in a run of Snakemake.

    python -m shared.plan.fork_server FOLDER SOCKET GRACE MODULE ...

`start` starts it and puts `fork_client.py` in the place of Python. It imports the modules, none of them ours, when the
first job comes, in that job's environment, and so only if one comes. A job runs in a child that has the files, folder
and environment of its client, which ends as the child does. The client runs the job by Python itself where a fork could
not be the same: its environment differs from the first job's (libraries read it when they are imported), or an import
has started a thread, which would not live on in a child and may hold a lock.

The end of Snakemake, however it comes about, closes the server's standard input. Jobs then end by themselves
(`shared.lifetime`) or, ten seconds later (`GRACE`), by force.
"""

import atexit
import contextlib
import gc
import importlib
import os
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from shlex import quote
from typing import NamedTuple

import psutil

from shared.plan.fork_client import ENDED, NUMBER

# What most jobs import, and none of ours, which may be edited during a run. ONNX Runtime starts a thread when imported,
# and so does PyArrow, which Pandas imports, which scikit-learn imports.
PRELOADED = (
    "pydantic.main", "pydantic.fields", "yaml", "numpy", "scipy.signal", "soundfile", "soxr", "torch", "torch.profiler",
    "torch.utils.tensorboard", "accelerate", "safetensors.numpy", "tokenizers",
    "transformers.models.wav2vec2_bert.modeling_wav2vec2_bert", "jiwer", "pystoi",
    "matplotlib.figure", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_pdf",
)  # fmt: skip
VARIABLE = "REPLICATE_PYTHON"  # environment variable: what rules start for Python
CLIENT = Path(__file__).with_name("fork_client.py")
GRACE = 10.0  # seconds that a job has to end by itself once Snakemake has
PATIENCE = 5.0  # seconds that a client has to say what it wants
SHELLS = ("_", "PWD", "OLDPWD", "SHLVL")  # variables that a shell sets as it goes


class Request(NamedTuple):
    """What a client wants run."""

    folder: str
    words: list[str]
    environment: dict[bytes, bytes]
    files: list[int]

    def close(self) -> None:
        """Let go of the client's files."""
        for file in self.files:
            os.close(file)

    def kept(self) -> dict[bytes, bytes]:
        """The environment without what shells set."""
        return {name: value for name, value in self.environment.items() if os.fsdecode(name) not in SHELLS}


def start(modules: tuple[str, ...] = PRELOADED, grace: float = GRACE) -> None:
    """Start a server that ends with this process, and have it asked wherever a rule starts Python.

    Where it can't be had (no program may lie in the folder for temporary files, or its path is too long for a socket),
    jobs are started as ever.
    """
    folder = Path(tempfile.mkdtemp(prefix="replicate-"))  # which nobody else may enter
    python = folder / "python"
    command = [sys.executable, "-IS", str(CLIENT), str(folder)]
    python.write_text(f'#!/bin/sh\nexec {" ".join(map(quote, command))} "$@"\n', encoding="utf-8")
    python.chmod(0o700)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(folder / "socket"))
        listener.listen(64)
        subprocess.run([python, "-c", ""], check=True)
    except (OSError, subprocess.CalledProcessError):
        listener.close()
        shutil.rmtree(folder)
        return
    its, _ours = os.pipe()  # ours is open as long as this process lives: nothing closes it and nobody inherits it
    words = [sys.executable, "-m", __name__, str(folder), str(listener.fileno()), str(grace), *modules]
    # A session of its own: Ctrl-C goes to clients, which hand it on.
    subprocess.Popen(words, stdin=its, pass_fds=[listener.fileno()], start_new_session=True)
    os.close(its)
    listener.close()
    os.environ[VARIABLE] = str(python)


class Server:
    """Forks a process for each client.

    Args:
        listener: where clients come.
        grace: seconds that a job has to end by itself once Snakemake has.
        modules: to import before the first fork.
    """

    def __init__(self, listener: socket.socket, grace: float, modules: list[str]):
        self.grace, self.modules = grace, modules
        self.listener = listener
        self.first: dict[bytes, bytes] | None = None  # environment of the first job, which the imports saw
        self.clients: dict[int, socket.socket] = {}  # process → its client
        self.selector = selectors.DefaultSelector()
        self.woken, wake = socket.socketpair()
        for each in (self.woken, wake):
            each.setblocking(False)
        signal.set_wakeup_fd(wake.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)  # for the wakeup alone
        self.open = (wake, self.woken, listener)
        for file in (listener, self.woken, sys.stdin):
            self.selector.register(file, selectors.EVENT_READ)

    def serve(self) -> Request | None:
        """Fork until Snakemake has ended; returns None then, and in each forked process what to run there."""
        deadline = None
        while deadline is None or (self.clients and time.monotonic() < deadline):
            for key, _ in self.selector.select(None if deadline is None else max(0.0, deadline - time.monotonic())):
                if key.fileobj is self.listener:
                    request = self._answer(self.listener.accept()[0])
                    if request:
                        return request
                elif key.fileobj is self.woken:
                    self.woken.recv(4096)
                elif key.fileobj is sys.stdin:
                    deadline = time.monotonic() + self.grace
                    self.selector.unregister(sys.stdin)
                    self.selector.unregister(self.listener)
                    self.listener.close()
                else:  # a client says nothing: it has ended
                    self.selector.unregister(key.fileobj)
                    kill(key.data)
            self._reap(os.WNOHANG)
        for process in self.clients:
            kill(process)
        self._reap(0)
        return None

    def _answer(self, client: socket.socket) -> Request | None:
        """Fork for a client, or refuse; returns in the forked process alone what to run."""
        client.settimeout(PATIENCE)
        try:
            request = receive(client)
        except (OSError, ValueError):
            client.close()
            return None
        if not self._prepared(request):
            with contextlib.suppress(OSError):
                client.sendall(bytes(NUMBER))
            request.close()
            client.close()
            return None
        process = os.fork()
        if process == 0:
            self._forget()
            # Said here, not by the server: were that to end in between, the client would run the job a second time.
            with contextlib.suppress(OSError):
                client.sendall(os.getpid().to_bytes(NUMBER, "big", signed=True))
            client.close()
            return request
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpgid(process, process)  # here, too: whoever is first
        request.close()
        self.clients[process] = client
        self.selector.register(client, selectors.EVENT_READ, process)
        return None

    def _prepared(self, request: Request) -> bool:
        """Import what is to be imported, at the first request; whether a fork is the same as another process."""
        if self.first is None:
            self.first = request.kept()
            os.environb.clear()
            os.environb.update(request.environment)
            for module in self.modules:
                with contextlib.suppress(ImportError):
                    importlib.import_module(module)
            gc.collect()
            gc.freeze()  # else a child's collector writes to, and so copies, the pages of all that was imported
        return request.kept() == self.first and psutil.Process().num_threads() == 1

    def _reap(self, wait: int) -> None:
        """Tell the clients of processes that have ended how they did."""
        for process, client in list(self.clients.items()):
            ended, status = os.waitpid(process, wait)
            if ended:
                with contextlib.suppress(OSError):
                    how = ENDED + os.waitstatus_to_exitcode(status)
                    client.sendall(how.to_bytes(NUMBER, "big", signed=True))
                with contextlib.suppress(KeyError):
                    self.selector.unregister(client)
                client.close()
                del self.clients[process]

    def _forget(self) -> None:
        """Leave the server's files and signals to the server."""
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.selector.close()
        for each in (*self.open, *self.clients.values()):
            each.close()


def kill(process: int) -> None:
    """End a process that leads a group, with all that is in the group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)


def receive(client: socket.socket) -> Request:
    """What a client sends.

    Raises:
        OSError, ValueError: it has ended, or sends something else.
    """
    head, files, _, _ = socket.recv_fds(client, NUMBER, 3)
    length, data = int.from_bytes(head, "big"), b""
    while len(data) < length:
        more = client.recv(min(2**16, length - len(data)))
        if not more:
            raise ValueError("it has ended")
        data += more
    folder, count, *texts = data.split(b"\0")
    words, pairs = texts[: int(count)], texts[int(count) :]
    environment = dict(pair.split(b"=", 1) for pair in pairs)
    return Request(os.fsdecode(folder), [os.fsdecode(word) for word in words], environment, files)


def run(request: Request) -> None:
    """Run a module as `python -m` does."""
    for number, file in enumerate(request.files):
        os.dup2(file, number)
    request.close()
    os.chdir(request.folder)
    os.environb.update(request.environment)  # what imports have set stays, as it would
    for name in [name for name in sys.modules if name.partition(".")[0] == "shared"]:
        del sys.modules[name]  # it has none of our code: that is read when a job starts
    # Drawn anew, as at a start; `random` sees to itself.
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "torch" in sys.modules:
        sys.modules["torch"].default_generator.seed()
    sys.path[0] = request.folder
    sys.argv = request.words
    runpy.run_module(request.words[0], run_name="__main__", alter_sys=True)


def leave(ended: list[int]) -> None:
    """End a forked process that has run its module, and leave its memory to the system.

    Taking modules apart, as Python does at its end, writes to the pages that processes share, which copies them: for
    what is imported ahead that takes 0.6 s, ten times as long as all else of a fork.
    """
    if ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended[0])


def main() -> None:
    """Serve; in a forked process, run what is asked for."""
    folder, listener, grace, *modules = sys.argv[1:]
    ended: list[int] = []
    atexit.register(leave, ended)  # the first to be registered is the last to be called
    request = Server(socket.socket(fileno=int(listener)), float(grace), modules).serve()
    if request is None:
        shutil.rmtree(folder, ignore_errors=True)
        return
    try:
        run(request)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):  # else Python says what it is
            ended.append((end.code or 0) & 0xFF)
        raise
    ended.append(0)


if __name__ == "__main__":
    main()
