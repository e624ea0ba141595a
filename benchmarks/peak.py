"""Run the command line in this process and write its greatest memory: `python -m benchmarks.peak FILE ARGUMENTS...`.

The process measures itself: what its parent learns by wait4 includes the memory of the parent before the exec.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from streamproof.cli.main import main

HOME = Path(__file__).resolve().parents[1]


def peak_mb_of(
    arguments: Sequence[str], file: Path, *, environ: Mapping[str, str], stdout: IO[bytes]
) -> tuple[int, float]:
    """Run `streamproof` to its end; return its exit code and its greatest memory in MB. `file` is written for it."""
    command = [sys.executable, "-m", "benchmarks.peak", str(file), *arguments]
    done = subprocess.run(
        command, cwd=HOME, env={**os.environ, **environ}, stdout=stdout, stderr=sys.stderr.fileno(), check=False
    )
    return done.returncode, int(file.read_text()) / 1024


def _peak_kb() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    target = Path(sys.argv[1])
    atexit.register(lambda: target.write_text(str(_peak_kb()), encoding="ascii"))
    sys.argv = ["streamproof", *sys.argv[2:]]
    main()
