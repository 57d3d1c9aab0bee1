"""Native code in a process of its own, with harmless stand-ins for code that dies."""

import math
import operator
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from shared.metrics import pesq
from shared.metrics.alignment import trim
from shared.metrics.failure import NotMeasured
from shared.metrics.guard import Guard


def test_calls_go_to_one_other_process():
    guard = Guard("code")
    process = guard(os.getpid)
    assert process != os.getpid() and guard(os.getpid) == process
    assert guard(operator.add, 1, 2) == 3


@pytest.mark.parametrize(
    ("death", "reason"),
    [
        ((os._exit, 3), r"code's native code ended its process \(status 3\)"),
        ((os._exit, 0), r"ended its process \(status 0\)"),
        ((signal.raise_signal, signal.SIGKILL), r"code's native code died \(signal 9\)"),
        ((signal.raise_signal, signal.SIGSEGV), r"died \(signal 11\)"),
        ((time.sleep, 60), "took more than 1 s"),
    ],
)
def test_a_death_is_not_measured_and_the_next_call_goes_on(death, reason):
    guard = Guard("code", limit=1)
    with pytest.raises(NotMeasured, match=reason):
        guard(*death)
    assert guard(operator.add, 1, 2) == 3


def test_a_death_that_an_earlier_call_may_have_caused_is_tried_again():
    guard = Guard("code")
    wounded = guard(os.getpid)
    guard(signal.setitimer, signal.ITIMER_VIRTUAL, 0.01)  # kills the process after so much more work
    assert guard(sum, range(2_000_000)) == 1_999_999_000_000
    assert guard(os.getpid) != wounded


def test_a_reason_passes_through():
    guard = Guard("code")
    process = guard(os.getpid)
    with pytest.raises(NotMeasured, match=r"no samples \(reference 0, clip 3\)"):
        guard(trim, np.zeros(0), np.zeros(3))
    assert guard(os.getpid) == process


def test_a_defect_is_no_death(capfd):
    with pytest.raises(RuntimeError, match="sqrt failed in a process of its own"):
        Guard("code")(math.sqrt, "two")
    assert "TypeError: must be real number" in capfd.readouterr().err


def test_an_interrupted_call_does_not_answer_the_next():
    def interrupt(number, frame):
        raise KeyboardInterrupt

    guard, before = Guard("code"), signal.signal(signal.SIGALRM, interrupt)
    guard(os.getpid)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(KeyboardInterrupt):
            guard(time.sleep, 0.3)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert guard(operator.add, 1, 2) == 3


def test_the_process_ends_with_a_parent_that_is_killed():
    code = (
        "import os, signal; from shared.metrics.guard import Guard; "
        "Guard('code')(os.getpid); signal.raise_signal(signal.SIGKILL)"
    )
    # The process has its parent's output, which ends only when both have.
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30, text=True)
    assert (ended.returncode, ended.stderr) == (-signal.SIGKILL, "")


def test_pesq_runs_there_without_torch(speech, noisy):
    assert pesq.wideband_pesq(speech, noisy, 16_000) == pesq._native(speech, noisy)
    loaded = pesq._guarded(eval, "set(__import__('sys').modules)")
    assert "pesq" in loaded and not loaded & {"torch", "scipy", "librosa"}
