"""The command that asks for a run again, and the commit that it was made at."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from streamproof.model.plan import PROVE

if TYPE_CHECKING:
    from streamproof.packs.pack import Pack
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


# How each field of a request is asked for, by `run` and `prove` alike.
_OPTIONS = (
    "pack", "mode", "stack", "processor", "kafka", "manifest", "inject", "from_ts", "to_ts", "input_topic",
)  # fmt: skip


def from_any_folder(request: RunRequest, pack: Pack, inject: str | None) -> RunRequest:
    """Return the request with its files named so that the command works from any folder: `inject` is absolute."""
    given = request.manifest
    by_name = given is None or given in pack.fixture_sets
    return replace(request, manifest=given if by_name else str(pack.manifest(given)), inject=inject)


def rerun_command(request: RunRequest) -> str:
    """Return the shell command that asks for the same run again, with a new run id and without `--keep-stack`."""
    proves = request.mode == PROVE
    parts = ["streamproof", "prove" if proves else "run"]
    defaults = type(request)()
    for field in _OPTIONS:
        value = getattr(request, field)
        if value not in (None, getattr(defaults, field)) and not (proves and field == "mode"):
            parts += [f"--{field.replace('_', '-')}", value]
    for suite in request.prove_suites if proves else request.suites:
        parts += ["--suites", suite]
    for check in request.prove_checks:
        parts += ["--check", check]
    if request.coverage:
        parts += ["--coverage", "--damages", request.coverage, *(("--mutations",) if request.mutations else ())]
    if request.tolerate_bad_lines:
        parts.append("--tolerate-bad-lines")
    return shlex.join(parts)
