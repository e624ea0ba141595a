"""`streamproof fixtures redact`: write a copy of a fixture set without what identifies anybody."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamproof.cli.environment import read_environment
from streamproof.cli.options import Json, Pack
from streamproof.cli.output import emit_json, progress_console

Out = Annotated[Path, typer.Option("--out", help="Folder for the new set; it must not exist.", metavar="DIR")]
Source = Annotated[str, typer.Argument(help="Fixture set of the pack, or path of a manifest.", metavar="SET|PATH")]


def redact(manifest: Source, out: Out, pack: Pack = None, json: Json = False) -> None:
    """Write a redacted copy of a fixture set: STREAMPROOF_REDACTION_KEY is the key, else a random one is used."""
    from streamproof.curation.redacting import redact_set
    from streamproof.redaction import redaction_key

    environment = read_environment()
    the_pack = environment.packs.load(pack)
    secret = environment.redaction_key.get_secret_value()
    report = redact_set(the_pack, the_pack.manifest(manifest), out, redaction_key(secret))
    if not secret:
        progress_console().print(
            "Notice: the key was random and is forgotten: another redaction gives other replacements.", markup=False
        )
    if json:
        emit_json({"random_key": not secret, **report.as_json()})
    else:
        typer.echo(report.manifest)
