"""Run a program to its end, and write how it ended, how long it took, and how much memory it needed at most.

Run as `python -I -S measure.py RESULT.json PROGRAM ARGUMENT...`. The program is a child of this small process: the
kernel counts the memory of whoever starts a program as the program's own. It is killed when this process ends for any
reason, and gets the signals that ask this process to end.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
# What a shell returns for a program that cannot be started.
NOT_STARTED = 127
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def main() -> None:
    """Run the program and write the result: `code` (negative for a signal), `seconds` and `peak_rss_bytes`."""
    result, program = Path(sys.argv[1]), sys.argv[2:]
    started, own = time.monotonic(), os.getpid()
    child = os.fork()
    if child == 0:
        _become(program, own)
    for number in FORWARDED:
        signal.signal(number, lambda received, _frame: os.kill(child, received))
    _, status, usage = os.wait4(child, 0)
    # macOS counts bytes, Linux kibibytes.
    unit = 1 if sys.platform == "darwin" else 1024
    found = {
        "code": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - started,
        "peak_rss_bytes": usage.ru_maxrss * unit,
    }
    partial = result.with_name(f".{result.name}")
    partial.write_text(json.dumps(found), encoding="utf-8")
    partial.replace(result)


def _become(program: list[str], parent: int) -> None:
    """Replace this process by the program."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    try:
        os.execvp(program[0], program)  # noqa: S606 - a list from our own code, no shell
    except OSError as error:
        sys.stderr.write(f"{program[0]} cannot be started: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(NOT_STARTED)


if __name__ == "__main__":
    main()
