"""The command that asks for a run again, and the commit that it was made at."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from streamproof.model.plan import PROVE

if TYPE_CHECKING:
    from streamproof.runs.planning import RunRequest


def git_commit(home: Path) -> str:
    """Return the commit that the project's folder is at, `+changes` when it is not clean; `unknown` without git."""
    command = ["git", "--no-optional-locks", "-C", str(home), "describe", "--always", "--abbrev=40", "--exclude=*"]
    try:
        described = subprocess.run(
            [*command, "--dirty=+changes"], capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return described.stdout.strip()


def rerun_command(request: RunRequest) -> str:
    """Return the shell command that asks for the same run again, with a new run id."""
    proving = request.mode == PROVE
    parts = ["streamproof", "prove" if proving else "run"]
    options = {
        "--pack": request.pack, "--mode": request.mode, "--stack": request.stack, "--processor": request.processor,
        "--kafka": request.kafka, "--manifest": request.manifest, "--inject": request.inject,
        "--from-ts": request.from_ts, "--to-ts": request.to_ts, "--input-topic": request.input_topic,
    }  # fmt: skip
    defaults = type(request)()
    for option, value in options.items():
        field = re.sub("-", "_", option.removeprefix("--"))
        if value is not None and value != getattr(defaults, field) and not (proving and field == "mode"):
            parts += [option, value]
    for suite in request.prove_suites if proving else request.suites:
        parts += ["--suites", suite]
    for check in request.prove_checks:
        parts += ["--check", check]
    if request.coverage:
        parts += ["--coverage", "--damages", request.coverage]
    if request.tolerate_bad_lines:
        parts.append("--tolerate-bad-lines")
    return shlex.join(parts)
