"""Run another program that the kernel kills when its parent process ends for any reason.

Run as `python -I -S die_with_parent.py PARENT_PID PROGRAM ARGUMENT...`. It replaces itself by the program. A hook
between fork and exec would do the same, but is not safe in a program with threads. Only Linux kills the program so.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Request the signal, check that the parent still runs, and execute the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have ended before the call above took effect.
    if os.getppid() != parent:
        sys.exit(1)
    try:
        os.execvp(program[0], program)  # noqa: S606 - a list from our own supervisor, no shell
    except OSError as error:
        sys.exit(f"{program[0]} cannot be started: {error.strerror}")


if __name__ == "__main__":
    main()
