"""`streamproof init DIR`: the DAG files for an Airflow into which the package was installed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamproof.cli.environment import read_environment
from streamproof.cli.options import Json
from streamproof.cli.output import emit_json, result_console
from streamproof.model.errors import UsageError


def init(
    folder: Annotated[Path, typer.Argument(help="An AIRFLOW_HOME; the files go to its dags folder.", metavar="DIR")],
    force: Annotated[bool, typer.Option("--force", help="Replace files there that differ.")] = False,
    json: Json = False,
) -> None:
    """Write streamproof's DAG files to DIR/dags. Airflow finds the plugin by the package's entry point."""
    source = read_environment().home / "dags"
    target = folder.expanduser().absolute() / "dags"
    texts = {target / file.name: file.read_text(encoding="utf-8") for file in sorted(source.glob("*.py"))}
    _refuse_others_files(target, texts, force=force)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}.", hint="Choose another DIR.") from None
    if json:
        emit_json({"dags": [str(path) for path in texts]})
        return
    console = result_console(json=json)
    for path in texts:
        console.print(str(path), markup=False)


def _refuse_others_files(target: Path, texts: dict[Path, str], *, force: bool) -> None:
    """Raise UsageError when a file is already there with another text, before anything is written."""
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is not a folder.", hint="Give the folder of an Airflow, its AIRFLOW_HOME.")
    others = [path for path, text in texts.items() if path.exists() and path.read_text(encoding="utf-8") != text]
    if others and not force:
        raise UsageError(
            f"{others[0]} is there already and differs.", hint="--force replaces it by this version's file."
        )
