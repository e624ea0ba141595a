"""A command line whose memory is measured."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Measured(NamedTuple):
    """How a command ended: exit code, its greatest memory in MB, and where its output is."""

    code: int
    peak_mb: float
    output: str


def measured_command(arguments: list[str], environ: Mapping[str, str], folder: Path) -> Measured:
    """Run `streamproof` to its end. Both streams go to one file of the folder."""
    log = folder / "output.txt"
    with log.open("wb") as out:
        command = [str(Path(sys.executable).with_name("streamproof")), *arguments]
        process = subprocess.Popen(command, env={**os.environ, **environ}, stdout=out, stderr=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Measured(process.returncode, usage.ru_maxrss / 1024, log.read_text(errors="replace"))
