"""The group of commands `streamproof flink`."""

from __future__ import annotations

import typer

from streamproof.cli.commands.flink import changing, showing

app = typer.Typer(no_args_is_help=True)
for command in (changing.deploy, changing.stop, showing.status, showing.savepoints, changing.rollback, changing.cancel):
    app.command(command.__name__)(command)
