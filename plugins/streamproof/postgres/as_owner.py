"""Run a program as another user, and let the kernel kill it when its parent process ends for any reason.

Run as `python -I -S as_owner.py PARENT_PID UID GID PROGRAM ARGUMENT...`; UID -1 keeps the present user. PostgreSQL
refuses to run as root. The kernel forgets the request for the signal when the user changes, so it comes after that.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Change the user, request the signal, check that the parent still runs, and execute the program."""
    parent, uid, gid = (int(argument) for argument in sys.argv[1:4])
    program = sys.argv[4:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have ended before the call above took effect.
    if os.getppid() != parent:
        sys.exit(1)
    try:
        os.execv(program[0], program)  # noqa: S606 - a list of our own, no shell
    except OSError as error:
        sys.exit(f"{program[0]} cannot be started: {error.strerror}")


if __name__ == "__main__":
    main()
