"""Run a program to its end as a child of this process, with its log, its time and its memory."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from streamproof.model.errors import StackError
from streamproof.model.formats.json_data import from_json
from streamproof.model.waiting import Probe, wait_until
from streamproof.runtime.files import last_lines
from streamproof.runtime.process import dying_with_us, identity_of, kill_group
from streamproof.runtime.programs import measure


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run: the command line, its whole environment, its folder, and its log, to which output is added.

    It is asked to end by `stop_signal`, and killed after `grace_sec` seconds.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    log: Path
    stop_signal: str = "SIGTERM"
    grace_sec: float = 15.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: exit code (negative: the signal), wall time in seconds, greatest resident set in bytes."""

    code: int
    seconds: float
    peak_rss_bytes: int


def run_to_end(
    program: Program, *, timeout: float, watch: Callable[[], object] = lambda: None, message: str = "the program to end"
) -> Ended:
    """Run a program, wait for its end, and return how it ended. Its whole process group is gone then.

    `watch` is called regularly; an exception that it raises ends the program. Raises WaitTimeoutError after `timeout`
    seconds, with the last lines of the log in its hint.
    """
    program.log.parent.mkdir(parents=True, exist_ok=True)
    result = program.log.with_suffix(".ended.json")
    result.unlink(missing_ok=True)
    with _started(program, result) as process:

        def look() -> Probe:
            watch()
            return Probe(process.poll() is not None, f"the end of process {process.pid}")

        wait_until(look, timeout=timeout, message=message, hint=lambda: _said(program.log))
    if not result.is_file():
        raise StackError(f"The program {program.argv[0]} was killed from outside.", hint=_said(program.log))
    ended = from_json(Ended, orjson.loads(result.read_bytes()))
    result.unlink()
    return ended


def _said(log: Path) -> str:
    lines = last_lines(log)
    return f"Its log is {log}." + (f" Last lines:\n{lines}" if lines else " It is empty.")


@contextmanager
def _started(program: Program, result: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start the program, and end it and all that it has started when the block ends."""
    command = dying_with_us([sys.executable, "-I", "-S", measure.__file__, str(result), *program.argv])
    with program.log.open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(program.env),
            cwd=program.cwd,
            start_new_session=True,
        )
    leader = identity_of(process.pid)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.Signals[program.stop_signal])
            with suppress(subprocess.TimeoutExpired):
                process.wait(program.grace_sec)
            process.kill()
        process.wait()
        kill_group(leader)
