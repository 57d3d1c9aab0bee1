"""Stands in for Python in a run that has a fork server: `-m MODULE …` runs in a process that is forked off that server.

    python -IS shared/plan/fork_client.py FOLDER -m MODULE ...

It lives as long as that process, hands on signals, and ends as that does. What is no module, or what the server
refuses, is run by Python itself, in this very process; so is everything once the server is gone.

It is run by its path and imports nothing of ours. `socket` and `signal` alone would double the 15 ms that it takes to
start, so it uses what lies below them.
"""

import _signal
import _socket
import os
import sys

HANDED_ON = (
    _signal.SIGHUP, _signal.SIGINT, _signal.SIGQUIT, _signal.SIGTERM, _signal.SIGUSR1, _signal.SIGUSR2, _signal.SIGCONT,
)  # fmt: skip
NUMBER = 8  # bytes of a number on the socket: that of the process, which it says itself, and how it ended
ENDED = -(2**40)  # is added to how it ended, which the server says, so that nobody takes that for a process


def send(connection: _socket.socket, words: list[str]) -> None:
    """Send what to run, with this folder and environment, and the files that are its input and output."""
    texts = [os.getcwd(), str(len(words)), *words]
    data = b"\0".join([os.fsencode(text) for text in texts] + [b"=".join(pair) for pair in os.environb.items()])
    files = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    connection.sendmsg([len(data).to_bytes(NUMBER, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
    connection.sendall(data)


def number(connection: _socket.socket) -> int | None:
    """The number that the server says next; None if it has ended."""
    data = b""
    while len(data) < NUMBER:
        try:
            more = connection.recv(NUMBER - len(data))
        except OSError:
            return None
        if not more:
            return None
        data += more
    return int.from_bytes(data, "big", signed=True)


def attend(connection: _socket.socket, process: int) -> int:
    """Wait for the end of a forked process; its exit status, or the negative number of the signal that ended it."""

    def hand_on(signal: int, _: object = None) -> None:
        try:
            os.killpg(process, signal)
        except ProcessLookupError:
            return  # it has just ended

    def stop(*_: object) -> None:
        hand_on(_signal.SIGSTOP)
        os.kill(os.getpid(), _signal.SIGSTOP)

    for signal in HANDED_ON:
        if _signal.getsignal(signal) != _signal.SIG_IGN:  # as `nohup` has it, which the server inherits, too
            _signal.signal(signal, hand_on)
    _signal.signal(_signal.SIGTSTP, stop)
    status = number(connection)
    if status is not None:
        return status - ENDED
    hand_on(_signal.SIGKILL)
    print("error: the fork server has ended, and this job with it; run the same command again", file=sys.stderr)
    return 1


def end(status: int) -> None:
    """End as the forked process did."""
    if status < 0:
        if -status != _signal.SIGKILL:
            _signal.signal(-status, _signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


def main() -> None:
    """Have it forked, else become it."""
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    folder, *words = sys.argv[1:]
    if words[:1] == ["-m"]:
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            connection.connect(f"{folder}/socket")
            send(connection, words[1:])
        except OSError:
            pass
        else:
            process = number(connection)
            if process is not None and process < 0:  # it ended before it could say its number
                end(process - ENDED)
            if process:
                end(attend(connection, process))
        connection.close()
    os.execv(sys.executable, [sys.executable, *words])


if __name__ == "__main__":
    main()
