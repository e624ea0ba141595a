"""Identify processes reliably, and start children that never outlive their supervisor."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from streamproof.model.errors import StackError
from streamproof.model.stack import ProcessIdentity
from streamproof.runtime import die_with_parent
from streamproof.runtime.files import last_lines

# The clock may be corrected by a fraction of a second between two readings of the same start time.
START_TIME_TOLERANCE_SEC = 1.0
TERM_GRACE_SEC = 10.0
# Of at most 19. The process uses idle processors, and gets about a tenth of the time of busy ones.
NICENESS = 10
_SESSION_NICENESS = Path("/proc/self/autogroup")


def identity_of(pid: int) -> ProcessIdentity:
    """Return the identity of a process. Raises StackError when it does not exist."""
    try:
        return ProcessIdentity(pid, psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        raise StackError(f"Process {pid} has ended.", hint="Look at its log.") from None


def own_identity() -> ProcessIdentity:
    """Return the identity of this process."""
    return identity_of(os.getpid())


def is_alive(identity: ProcessIdentity) -> bool:
    """Return whether this process still runs: same pid, same start time, and not a zombie."""
    try:
        process = psutil.Process(identity.pid)
        same = abs(process.create_time() - identity.started_at) < START_TIME_TOLERANCE_SEC
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def send_signal(identity: ProcessIdentity, number: signal.Signals) -> bool:
    """Send a signal to this process; return False when it has ended. A later process with its pid gets no signal."""
    if not is_alive(identity):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(identity.pid, number)
        return True
    return False


def lower_priority() -> None:
    """Lower the priority of this process, also against processes of other sessions."""
    os.nice(NICENESS)
    # With autogroups, Linux ignores niceness between sessions; each session has its own (man 7 sched).
    with contextlib.suppress(OSError):
        _SESSION_NICENESS.write_text(str(NICENESS))


def python_module(module: str, *arguments: str) -> list[str]:
    """Return the command line that runs a module on this Python, without the current folder on its import path."""
    return [sys.executable, "-P", "-m", module, *arguments]


def dying_with_us(command: Sequence[str]) -> list[str]:
    """Return a command line that runs `command`, which is then killed when this process ends for any reason.

    Start it on a thread that lives as long as this process: the kernel's signal comes when the *thread* that forked
    ends.
    """
    return [sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid()), *command]


def kill_group(leader: ProcessIdentity) -> None:
    """Kill the processes of a group whose leader has ended. A later process with the leader's pid has no such group."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):
            in_group = process.pid != leader.pid and os.getpgid(process.pid) == leader.pid
            if in_group and process.create_time() >= leader.started_at - START_TIME_TOLERANCE_SEC:
                process.kill()


@dataclass(frozen=True, slots=True)
class Child:
    """A child process of the supervisor, with its log."""

    name: str
    process: asyncio.subprocess.Process
    identity: ProcessIdentity
    log: Path

    @classmethod
    async def start(
        cls,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str],
        cwd: Path | None = None,
        piped: bool = False,
    ) -> Child:
        """Start `command` in its own session. It is killed when the calling process ends.

        Call it on the main thread, see `dying_with_us`. Standard error goes to the log. With `piped`, standard input is
        a pipe that closes when the calling process ends, and `read_line` reads standard output. Otherwise the child has
        no input, and standard output goes to the log too.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            process = await asyncio.create_subprocess_exec(
                *dying_with_us(command),
                stdin=asyncio.subprocess.PIPE if piped else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if piped else out,
                stderr=out,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
            )
        try:
            return cls(name, process, identity_of(process.pid), log)
        except StackError:
            await process.wait()
            raise cls(name, process, ProcessIdentity(process.pid, 0.0), log).exit_error("at once") from None

    @property
    def ended(self) -> bool:
        """Return whether the process has ended."""
        return self.process.returncode is not None

    def exit_error(self, doing: str) -> StackError:
        """Return the error for a service that ended while `doing`, with the last lines of its log."""
        lines = last_lines(self.log)
        code = self.process.returncode
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"
        return StackError(
            f"Service {self.name} {how} {doing}.",
            hint=f"Its log is {self.log}." + (f" Last lines:\n{lines}" if lines else " It is empty."),
        )

    async def read_line(self, what: str, timeout: float) -> str:
        """Return the next line that a child with `piped` prints. Raises StackError when it ends or at the time-out."""
        if self.process.stdout is None:
            raise StackError(f"Service {self.name} has no output to read.", hint="This is a defect of streamproof.")
        try:
            line = await asyncio.wait_for(self.process.stdout.readline(), timeout)
        except TimeoutError:
            raise StackError(
                f"Service {self.name} did not say {what} in {timeout:.0f} s.", hint=f"Its log is {self.log}."
            ) from None
        if not line:
            await self.process.wait()
            raise self.exit_error("while starting")
        return line.decode().strip()

    def kill_error(self, asked_by: str, grace: float) -> StackError:
        """Return the error for a service that did not end `grace` seconds after the signal `asked_by`."""
        return StackError(
            f"Service {self.name} did not end within {grace:g} s of {asked_by} and was killed.",
            hint=f"Its log is {self.log}. Last lines:\n{last_lines(self.log)}",
        )

    async def stop(self, grace: float = TERM_GRACE_SEC, number: signal.Signals = signal.SIGTERM) -> bool:
        """Send the process a signal, kill it if it has not ended after `grace` seconds, and wait for its end.

        Processes that it has started and left in its session are killed. Return whether it ended without being killed.
        """
        ended = True
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)
            try:
                await asyncio.wait_for(self.process.wait(), grace)
            except TimeoutError:
                ended = False
                with contextlib.suppress(ProcessLookupError):
                    self.process.kill()
        await self.process.wait()
        kill_group(self.identity)
        return ended
