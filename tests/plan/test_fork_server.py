"""A job that is forked off the server is as one that Python starts, and never outlives the run."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from shared.plan import fork_client, fork_server, workflow
from shared.plan.workflow import Settings, fork_jobs

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
ENVIRONMENT.pop("PYTEST_CURRENT_TEST", None)  # another in each test
# What stands for Snakemake: it starts the server and lives until it is killed.
RUN = """
import os, sys
from shared.plan import fork_server
fork_server.start(tuple(sys.argv[2:]), float(sys.argv[1]))
print(os.environ.get("REPLICATE_PYTHON"), flush=True)
sys.stdin.read()
"""
SAYS_WHAT_IT_IS = """
import json, os, signal, sys
print("one"), print("two", file=sys.stderr)
ours = sorted(name for name in sys.modules if name.startswith("shared"))
print(json.dumps([sys.argv, os.getcwd(), sys.path, sorted(os.environ.items()), ours, __name__, __spec__.name, __file__,
                  sys.executable, sys.stdin.read(), sorted(os.listdir("/proc/self/fd")), sys.stdout.line_buffering,
                  [str(signal.getsignal(each)) for each in signal.valid_signals()]]))
"""


class Run:
    """A run that has a server.

    Args:
        folder: where jobs are started and their modules lie.
        modules: to import once.
    """

    def __init__(self, folder: Path, *modules: str, grace: float = 0.2):
        self.folder = folder
        words = [sys.executable, "-c", RUN, str(grace), *modules]
        environment = {**ENVIRONMENT, "PYTHONPATH": f"{ROOT}:{folder}", "TMPDIR": str(folder)}
        self.process = subprocess.Popen(words, env=environment, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)  # fmt: skip
        self.python = self.process.stdout.readline().strip()
        self.server = psutil.Process(self.process.pid).children()[0]

    def start(self, module: str, *words: str, python: str | None = None, **variables: str) -> subprocess.Popen:
        """`python -m MODULE …`, by default forked."""
        command = [python or self.python, "-m", module, *words]
        environment = {**ENVIRONMENT, "PYTHONPATH": f"{ROOT}:{self.folder}", "PWD": str(self.folder), **variables}
        return subprocess.Popen(command, cwd=self.folder, env=environment, text=True, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        psutil.wait_procs([self.server], timeout=20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The modules of the jobs below."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "says.py").write_text(SAYS_WHAT_IT_IS)
    (folder / "does.py").write_text("import os, signal, sys, threading, time\nexec(sys.argv[1])\n")
    (folder / "heavy.py").write_text(
        "import os\nopen(__file__ + '.times', 'a').write('once ')\nMADE = os.environ['HEAVY']\n"
    )
    (folder / "threaded.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    (folder / "last.py").write_text(
        "import os\nfork = os.fork\nos.fork = lambda: fork() and os.kill(os.getpid(), 9) or 0\n"
    )
    return folder


@pytest.fixture(scope="module")
def run(folder):
    run = Run(folder, "numpy")
    yield run
    run.end()


@pytest.fixture
def own_run(folder):
    """A run that the test may end."""
    runs = []

    def start(*modules: str, **options) -> Run:
        runs.append(Run(folder, *modules, **options))
        return runs[-1]

    yield start
    for each in runs:
        each.end()


def gone(process: psutil.Process) -> bool:
    return not psutil.wait_procs([process], timeout=20)[1]


def forked(job: subprocess.Popen) -> psutil.Process:
    """The process of a job that has said its number."""
    return psutil.Process(int(job.stdout.readline()))


def test_a_forked_job_is_as_one_that_python_starts(run):
    asked = {"input": "in\n", "timeout": 60}
    plain = run.start("says", "a b", "--c", python=sys.executable).communicate(**asked)
    assert run.start("says", "a b", "--c").communicate(**asked) == plain
    assert plain[1] == "two\n" and json.loads(plain[0].splitlines()[1])[0][1:] == ["a b", "--c"]


ENDS = {"sys.exit(3)": 3, "sys.exit('no')": 1, "1/0": 1, "pass": 0, "os._exit(7)": 7, "raise KeyboardInterrupt": -2,
        "os.kill(os.getpid(), signal.SIGKILL)": -9, "os.kill(os.getpid(), signal.SIGSEGV)": -11}  # fmt: skip


@pytest.mark.parametrize("does", ENDS)
def test_it_ends_as_the_job_does(run, does):
    job = run.start("does", does)
    said = job.communicate(timeout=60)[1]
    assert job.returncode == ENDS[does]
    assert said.rstrip().rpartition("\n")[2] == {
        "1/0": "ZeroDivisionError: division by zero", "sys.exit('no')": "no",
        "raise KeyboardInterrupt": "KeyboardInterrupt",
    }.get(does, "")  # fmt: skip


def test_what_is_said_at_the_exit_is_said(run):
    does = """
import atexit
atexit.register(print, 'bye', end=' ')
threading.Thread(target=lambda: print(time.sleep(0.2) or 'thread', end=' ')).start()
print('end', end=' ')
"""
    job = run.start("does", does)
    assert job.communicate(timeout=60)[0] == "end thread bye "


def test_imports_are_made_once_at_the_first_job_and_in_its_environment(own_run, folder):
    run = own_run("heavy")
    assert not (folder / "heavy.py.times").exists()
    for _ in range(2):
        job = run.start("does", "import heavy; print(heavy.MADE)", HEAVY="here")
        assert job.communicate(timeout=60) == ("here\n", "")
    assert (folder / "heavy.py.times").read_text() == "once "
    # Another environment might have been read otherwise.
    job = run.start("does", "import heavy; print(heavy.MADE)", HEAVY="there")
    assert job.communicate(timeout=60) == ("there\n", "")
    assert (folder / "heavy.py.times").read_text() == "once once "


def test_jobs_do_not_draw_the_same_random_numbers(run):
    does = "import random, numpy; print(random.random(), numpy.random.rand())"
    first, second = (run.start("does", does).communicate(timeout=60)[0].split() for _ in range(2))
    assert not set(first) & set(second)


def test_with_a_thread_there_is_no_fork(own_run):
    run = own_run("threaded")
    job = run.start("does", "print('threaded' in sys.modules, threading.active_count())")
    assert job.communicate(timeout=60)[0] == "False 1\n"


def test_two_jobs_run_at_once(run, tmp_path):
    does = f"""
open("{tmp_path}/" + sys.argv[2], "w")
while len(os.listdir("{tmp_path}")) < 2: time.sleep(0.01)
print(sys.argv[2])"""
    jobs = [run.start("does", does, name) for name in "ab"]
    assert [job.communicate(timeout=60)[0] for job in jobs] == ["a\n", "b\n"]


SLEEPS = "print(os.getpid(), flush=True); time.sleep(60)"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_are_handed_on(run, number):
    # Where the tests were started in the background, a process ignores SIGINT unless it says otherwise.
    handlers = "signal.signal(signal.SIGINT, signal.default_int_handler); "
    handlers += "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5)); "
    job = run.start("does", handlers + SLEEPS)
    process = forked(job)
    assert process.pid != job.pid and process.ppid() == run.server.pid
    job.send_signal(number)
    assert job.wait(timeout=20) == {signal.SIGINT: -2, signal.SIGTERM: 5}[number]
    assert gone(process)


def test_a_job_that_is_stopped_goes_on(run):
    job = run.start("does", SLEEPS)
    process = forked(job)
    for number, stopped in ((signal.SIGTSTP, True), (signal.SIGCONT, False)):
        job.send_signal(number)
        deadline = time.monotonic() + 20
        while (process.status() == psutil.STATUS_STOPPED) != stopped:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    job.kill()
    assert gone(process)


def test_a_job_ends_with_what_asked_for_it(run):
    job = run.start("does", SLEEPS)
    process = forked(job)
    job.kill()
    assert gone(process)


def test_without_its_server_a_job_ends_and_the_next_is_started_by_python(own_run):
    run = own_run()
    job = run.start("does", SLEEPS)
    process = forked(job)
    run.server.kill()
    assert job.wait(timeout=20) == 1
    assert "the fork server has ended" in job.stderr.read()
    assert gone(process)
    assert run.start("does", "print(1)").communicate(timeout=60) == ("1\n", "")


def test_a_job_is_not_run_twice_where_the_server_ends_as_it_forks(own_run):
    run = own_run("last")
    job = run.start("does", SLEEPS)
    assert job.wait(timeout=20) == 1
    assert "the fork server has ended" in job.stderr.read()


def test_a_job_that_ends_before_it_can_say_its_number_is_no_process(folder, tmp_path):
    """What the server says of its end must not be taken for the number of a process that is to be killed."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        listener.listen()
        job = subprocess.Popen([sys.executable, "-IS", fork_server.CLIENT, tmp_path, "-m", "does", "pass"])
        server, _ = listener.accept()
        with server:
            server.sendall((fork_client.ENDED + 3).to_bytes(fork_client.NUMBER, "big", signed=True))
            assert job.wait(timeout=20) == 3


@pytest.mark.parametrize("how", ["killed", "ended"])
def test_nothing_outlives_the_run(own_run, how):
    run = own_run()
    job = run.start("does", SLEEPS)
    process = forked(job)
    if how == "killed":
        run.process.kill()
    else:
        run.process.stdin.close()
    assert gone(process) and gone(run.server)
    assert job.wait(timeout=20) == -9
    assert not Path(run.python).parent.exists()


def test_a_job_has_time_to_end_by_itself(own_run):
    run = own_run(grace=30)
    job = run.start("does", "print(os.getpid(), flush=True); time.sleep(0.5); sys.exit(4)")
    process = forked(job)
    run.process.kill()
    assert job.wait(timeout=20) == 4
    assert gone(process) and gone(run.server)


def test_where_no_socket_can_lie_nothing_changes(tmp_path):
    long = tmp_path / ("x" * 120)
    long.mkdir()
    environment = {**ENVIRONMENT, "TMPDIR": str(long)}
    environment.pop("REPLICATE_PYTHON", None)
    done = subprocess.run([sys.executable, "-c", RUN, "1"], env=environment, input="", text=True, capture_output=True)
    assert (done.stdout, done.stderr) == ("None\n", "")
    assert not list(long.iterdir())


@pytest.mark.slow
def test_torch_computes_in_a_fork_what_it_does_elsewhere(own_run, tmp_path):
    does = """
import torch
torch.set_num_threads(2)
print(torch.rand(()).item())  # unseeded
torch.manual_seed(0)
noise = torch.randn(300, 300, requires_grad=True)
torch.linalg.svdvals(noise @ torch.conv1d(noise[None], noise[:, :, None]).sin()[0]).sum().backward()
print(torch.get_num_threads(), len(os.listdir("/proc/self/task")) > 1, noise.grad.double().sum().item().hex())"""
    run = own_run(*fork_server.PRELOADED)  # none of which may start a thread
    _, plain = run.start("does", does, python=sys.executable).communicate(timeout=120)[0].splitlines()
    assert plain.startswith("2 True ")
    jobs = [run.start("does", "print('torch' in sys.modules)\n" + does) for _ in range(2)]
    said = [job.communicate(timeout=120)[0].splitlines() for job in jobs]
    assert [each[0] for each in said] == ["True", "True"]
    assert said[0][1] != said[1][1]
    assert [each[2] for each in said] == [plain, plain]


def asks_for_forks(monkeypatch, scale="smoke", jobs=2, gpus=(), python=sys.executable, **settings) -> bool:
    started = []
    monkeypatch.setattr(fork_server, "start", lambda: started.append(True))
    monkeypatch.setattr(workflow, "devices", lambda: list(gpus))
    monkeypatch.setenv("REPLICATE_PYTHON", python)
    due = [SimpleNamespace(benchmark=None)] + jobs * [SimpleNamespace(benchmark="benchmark.tsv")]
    fork_jobs(SimpleNamespace(scale=scale), Settings(**settings), SimpleNamespace(needrun_jobs=lambda: due))
    return bool(started)


def test_jobs_are_forked_where_it_is_quicker_and_as_good(monkeypatch):
    assert asks_for_forks(monkeypatch)
    for other in ({"scale": "gpu"}, {"gpus": ["0"]}, {"jobs": 1}, {"python": "/usr/bin/python"}, {"processes": 2},
                  {"fork": False}):  # fmt: skip
        assert not asks_for_forks(monkeypatch, **other), other
