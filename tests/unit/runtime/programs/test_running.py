"""A program that is run to its end: its result, its log, its memory, and what is left of it afterwards."""

from __future__ import annotations

import os
import sys

import psutil
import pytest

from streamproof.model.errors import StackError, WaitTimeoutError
from streamproof.model.waiting import Probe, wait_until
from streamproof.runtime.process import is_alive, own_identity
from streamproof.runtime.programs.running import Ended, Program, run_to_end

MEGABYTE = 1024 * 1024


def run(tmp_path, text, *, timeout=20.0, watch=lambda: None, **change) -> Ended:
    """Run Python code."""
    program = Program(
        argv=[sys.executable, "-c", text],
        env=dict(os.environ),
        cwd=tmp_path,
        log=tmp_path / "logs" / "own.log",
        **change,
    )
    return run_to_end(program, timeout=timeout, watch=watch)


def runs(pid: int) -> bool:
    """Return whether a process runs. One that was killed stays as a zombie until its parent, here init, has noticed."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def log_of(tmp_path) -> str:
    return (tmp_path / "logs" / "own.log").read_text()


def test_its_code_and_its_output(tmp_path):
    assert run(tmp_path, "print('out'); import sys; sys.exit('err')").code == 1
    assert sorted(log_of(tmp_path).split()) == ["err", "out"]
    assert [file.name for file in (tmp_path / "logs").iterdir()] == ["own.log"]


def test_a_second_run_adds_to_the_log(tmp_path):
    for text in ("one", "two"):
        run(tmp_path, f"print('{text}')")
    assert log_of(tmp_path) == "one\ntwo\n"


def test_its_memory_is_its_own(tmp_path):
    held = bytearray(b"x" * 200 * MEGABYTE)
    small = run(tmp_path, "pass").peak_rss_bytes
    large = run(tmp_path, f"b = bytearray(b'x' * {120 * MEGABYTE})").peak_rss_bytes
    # What this process holds does not count, although the program was started from it.
    assert small < 60 * MEGABYTE < len(held)
    assert large - small + 20 * MEGABYTE > 100 * MEGABYTE


def test_a_signal_is_a_negative_code(tmp_path):
    assert run(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)").code == -9


def test_a_program_that_does_not_exist_has_a_code_and_a_log(tmp_path):
    program = Program(argv=["/no/such"], env={}, cwd=tmp_path, log=tmp_path / "own.log")
    assert run_to_end(program, timeout=20).code == 127
    assert "/no/such cannot be started" in (tmp_path / "own.log").read_text()


def test_one_that_does_not_end_is_ended_with_all_that_it_has_started(tmp_path):
    text = (
        "import subprocess, sys, os, signal, pathlib\n"
        "own = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
        "pathlib.Path('pids').write_text(f'{os.getpid()} {own.pid}')\n"
        "print('waiting', flush=True)\n"
        "signal.pause()\n"
    )
    with pytest.raises(WaitTimeoutError, match="the program to end") as raised:
        run(tmp_path, text, timeout=1.5)
    assert "waiting" in raised.value.hint
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    wait_until(
        lambda: Probe(not any(map(runs, pids)), "their ends"), timeout=10, message="the processes to end", hint=""
    )


def test_it_may_end_well_when_it_is_asked_to(tmp_path):
    text = (
        "import signal, sys\n"
        "def end(*_):\n    print('flushed', flush=True)\n    sys.exit(0)\n"
        "signal.signal(signal.SIGINT, end)\n"
        "print('ready', flush=True)\n"
        "while True: signal.pause()\n"
    )

    def watch():
        if "ready" in log_of(tmp_path):
            raise StackError("The warehouse is gone.", hint="")

    with pytest.raises(StackError, match="The warehouse is gone"):
        run(tmp_path, text, watch=watch, stop_signal="SIGINT")
    assert log_of(tmp_path).split() == ["ready", "flushed"]
    assert is_alive(own_identity())
