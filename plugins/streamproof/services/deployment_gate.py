"""The gate of a deployment as a command: it must end with code 0, else the update is undone."""

from __future__ import annotations

import os
import shlex
import subprocess

from streamproof.flink.deploying.work import Gate
from streamproof.model.errors import UsageError
from streamproof.runtime.process import dying_with_us

GATE_TIMEOUT_SEC = 1800
_LONGEST_LINE = 300


def command_gate(command: str, *, rest: str, timeout: float = GATE_TIMEOUT_SEC) -> Gate:
    """Return a gate that runs a command line, without a shell, with FLINK_JOB_ID and FLINK_REST in its environment.

    Raises UsageError for a command line that cannot be read.
    """
    try:
        argv = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"The gate cannot be read as a command: {error}.", hint="Close the quotes.") from None
    if not argv:
        raise UsageError("The gate is empty.", hint="Name a command, like `streamproof run --mode smoke`.")

    def gate(job_id: str) -> str:
        env = {**os.environ, "FLINK_JOB_ID": job_id, "FLINK_REST": rest}
        try:
            done = subprocess.run(
                dying_with_us(argv),
                env=env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"`{argv[0]}` has not ended in {timeout:.0f} s."
        if done.returncode == 0:
            return ""
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        said = lines[-1][:_LONGEST_LINE] if lines else "it says nothing"
        return f"`{argv[0]}` ended with code {done.returncode}: {said}"

    return gate
