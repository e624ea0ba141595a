"""The shell command that repeats a run, and the commit of the project that the run used."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from streamproof.model.plan import PROVE
from streamproof.packs.sources import FAULTS

if TYPE_CHECKING:
    from streamproof.packs.pack import Pack
    from streamproof.runs.request import RunRequest


def git_commit(home: Path) -> str:
    """Return the commit of the project folder, with `+changes` for uncommitted changes; `unknown` without git."""
    command = ["git", "--no-optional-locks", "-C", str(home), "describe", "--always", "--abbrev=40", "--exclude=*"]
    try:
        described = subprocess.run(
            [*command, "--dirty=+changes"], capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return described.stdout.strip()


# Fields of a request that the commands `run` and `prove` take as an option of the same name.
_OPTIONS = (
    "pack", "mode", "stack", "processor", "kafka", "manifest", "inject", "from_ts", "to_ts", "input_topic",
    "partitions", "parallelism", "speed", "shift_to", "events", "faults",
)  # fmt: skip


def from_any_folder(request: RunRequest, pack: Pack, inject: str | None) -> RunRequest:
    """Return the request with absolute paths, so that its command works in any folder. `inject` is already absolute."""
    given, faults = request.manifest, request.faults
    by_name = given is None or given in pack.fixture_sets
    manifest = given if by_name else str(pack.manifest(given))
    if faults is not None and not (pack.file.parent / FAULTS / f"{faults}.yaml").is_file():
        faults = str(Path(faults).expanduser().resolve())
    return replace(request, manifest=manifest, inject=inject, faults=faults)


def rerun_command(request: RunRequest) -> str:
    """Return the shell command that repeats the run, with a new run id and without `--keep-stack`."""
    proves = request.mode == PROVE
    parts = ["streamproof", "prove" if proves else "run"]
    defaults = type(request)()
    for field in _OPTIONS:
        value = getattr(request, field)
        if value not in (None, getattr(defaults, field)) and not (proves and field == "mode"):
            parts += [f"--{field.replace('_', '-')}", str(value)]
    for suite in request.prove_suites if proves else request.suites:
        parts += ["--suites", suite]
    for check in request.prove_checks:
        parts += ["--check", check]
    if request.coverage:
        parts += ["--coverage", "--damages", request.coverage, *(("--mutations",) if request.mutations else ())]
    if request.tolerate_bad_lines:
        parts.append("--tolerate-bad-lines")
    if request.yes_shared:
        parts.append("--yes-shared")
    return shlex.join(parts)
