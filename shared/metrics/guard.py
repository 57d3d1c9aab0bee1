"""Call native code that may die on a clip in a process of its own, so that the job goes on and the clip is named.

The process stays for the next calls and is started again after a death. `multiprocessing` would import the job's main
module into it, and torch with that; this one imports what the called function's module needs and nothing else.
"""

import contextlib
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from typing import Any

from shared.metrics.failure import NotMeasured

LIMIT = 300  # seconds of a call; PESQ takes a twentieth of what a clip lasts
DEFECT = os.EX_SOFTWARE  # exit status of the process after an error that is no NotMeasured
CLOSED = (EOFError, BrokenPipeError, ConnectionResetError)  # what a connection raises if the other side is gone


class Died(Exception):
    """The process ended within a call; the message says how."""


class Guard:
    """Calls functions in another process, one after the other.

    A process that has died at its first call died of it. One that had answered before may have died of what an earlier
    call wrote where it should not: there the call is made once more, in a new process.

    Args:
        name: of the package whose native code is called, for the reason.
        limit: whole seconds that a call may take.
    """

    def __init__(self, name: str, limit: int = LIMIT):
        self.name, self.limit = name, limit
        self._process: _Process | None = None

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """`function(*arguments)`; the function is one of a module, and all of it can be pickled.

        Raises:
            NotMeasured: the function raised it, or its process died or took too long.
            RuntimeError: the function raised something else, whose traceback is on stderr.
        """
        call = (function, arguments, self.limit)
        if self._process:
            with contextlib.suppress(Died):
                return self._ask(self._process, call)
        try:
            return self._ask(_Process(), call)
        except Died as death:
            raise NotMeasured(f"{self.name}'s native code {death}") from None

    def _ask(self, process: "_Process", call: tuple) -> Any:
        self._process = None  # a call that is interrupted leaves no process that would answer the next one
        answer = process.ask(call)
        self._process = process
        if isinstance(answer, NotMeasured):
            raise answer
        return answer


class _Process:
    """A new Python that answers calls until this one ends, however it ends: its end of the pipe is then closed."""

    def __init__(self):
        self.connection, other = Pipe()
        with other:
            code = f"import sys; sys.path = {sys.path!r}; from {__name__} import serve; serve({other.fileno()})"
            self.process = subprocess.Popen(
                [sys.executable, "-c", code], stdin=subprocess.DEVNULL, pass_fds=[other.fileno()]
            )

    def ask(self, call: tuple) -> Any:
        try:
            self.connection.send(call)
            return self.connection.recv()
        except CLOSED:
            status = self.process.wait()
        if status == DEFECT:
            raise RuntimeError(f"{call[0].__qualname__} failed in a process of its own; its traceback is above")
        raise Died(_end(status, call[2]))


def _end(status: int, limit: int) -> str:
    if status == -signal.SIGALRM:
        return f"took more than {limit} s"
    return f"died (signal {-status})" if status < 0 else f"ended its process (status {status})"


def serve(descriptor: int) -> None:
    """The other side: answer the calls that come through a file descriptor, until its other end is closed."""
    sys.excepthook = _stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the caller, and that ends this one
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # the system ends the process, which native code cannot hold up
    connection = Connection(descriptor)
    while True:
        try:
            function, arguments, limit = connection.recv()
        except CLOSED:
            return
        signal.alarm(limit)
        try:
            answer = function(*arguments)
        except NotMeasured as error:
            answer = error
        signal.alarm(0)
        try:
            connection.send(answer)
        except CLOSED:
            return


def _stop(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    traceback.print_exception(kind, error, trace)
    sys.stderr.flush()
    os._exit(DEFECT)
