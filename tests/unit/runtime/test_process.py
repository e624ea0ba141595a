"""Identity of processes: a pid alone says nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from streamproof.model.errors import StackError
from streamproof.runtime import die_with_parent
from streamproof.runtime.process import NICENESS, identity_of, is_alive, own_identity, send_signal


@pytest.fixture
def sleeper():
    """A process that waits for its standard input to close."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_this_process_is_alive() -> None:
    assert is_alive(own_identity())
    assert own_identity().pid == os.getpid()


def test_a_process_gives_way_within_its_session_and_between_sessions() -> None:
    group = Path("/proc/self/autogroup")
    asked = "import os; from streamproof.runtime.process import lower_priority; lower_priority(); print(os.nice(0))"
    shown = f"{asked}; print(open('{group}').read())" if group.exists() else asked
    told = subprocess.run(
        [sys.executable, "-c", shown], capture_output=True, text=True, check=True, start_new_session=True
    )
    niceness, *session = told.stdout.split("\n", 1)
    # The system's own limit is 19, and the tests themselves may run with a low priority.
    assert int(niceness) == min(os.nice(0) + NICENESS, 19)
    assert not session[0] or session[0].strip().endswith(f"nice {NICENESS}")


def test_another_start_time_is_another_process(sleeper: subprocess.Popen[bytes]) -> None:
    identity = identity_of(sleeper.pid)
    stale = replace(identity, started_at=identity.started_at - 3600)
    assert is_alive(identity)
    assert not is_alive(stale)
    assert not send_signal(stale, signal.SIGKILL)
    assert sleeper.poll() is None


def test_a_zombie_is_not_alive(sleeper: subprocess.Popen[bytes]) -> None:
    identity = identity_of(sleeper.pid)
    assert send_signal(identity, signal.SIGKILL)
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(identity)
    assert not send_signal(identity, signal.SIGTERM)


def test_no_process_has_no_identity() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with pytest.raises(StackError):
        identity_of(process.pid)


class TestDieWithParent:
    def run(self, parent: int, *command: str) -> subprocess.CompletedProcess[str]:
        shim = [sys.executable, "-I", "-S", str(Path(die_with_parent.__file__)), str(parent)]
        return subprocess.run([*shim, *command], capture_output=True, text=True, check=False)

    def test_it_becomes_the_program(self) -> None:
        result = self.run(os.getpid(), sys.executable, "-c", "print('hello')")
        assert (result.returncode, result.stdout) == (0, "hello\n")

    def test_it_ends_when_the_parent_is_already_another(self) -> None:
        result = self.run(1, sys.executable, "-c", "print('hello')")
        assert (result.returncode, result.stdout) == (1, "")

    def test_a_program_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        result = self.run(os.getpid(), str(tmp_path / "nothing"))
        assert result.returncode == 1
        assert "nothing cannot be started: No such file" in result.stderr
