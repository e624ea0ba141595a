"""The option `--annotations`: a run's failed checks, as the service that runs a CI job shows them in its pages."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class AnnotationsOf(StrEnum):
    """The services whose annotations can be written."""

    GITHUB = "github"


Annotations = Annotated[
    AnnotationsOf | None,
    typer.Option("--annotations", help="Also print failed checks as annotations, on the lines of their files."),
]


def print_annotations(summary: Mapping[str, Any], home: Path, annotations: AnnotationsOf | None, *, json: bool) -> None:
    """Print the annotations of a run, on stderr when stdout holds the JSON document; GitHub reads both.

    `home` is the project's folder, to which the paths of checks are relative.
    """
    if annotations is None:
        return
    from streamproof.report.machine.annotations import github_annotations

    for line in github_annotations(summary, lambda source: path_in_repository(home / source if source else None)):
        typer.echo(line, err=json)


def path_in_repository(file: Path | None) -> str | None:
    """Return the path of a file from the root of its Git repository, None when it is not there or in none."""
    if file is None or not file.is_file():
        return None
    whole = file.resolve()
    root = next((folder for folder in whole.parents if (folder / ".git").exists()), None)
    return whole.relative_to(root).as_posix() if root else None
