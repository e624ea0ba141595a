"""The group of commands `streamproof dlq`."""

from __future__ import annotations

import typer

from streamproof.cli.commands.dlq import replaying, triage

app = typer.Typer(help="Look at dead letters, and replay them when their cause is fixed.", rich_markup_mode=None)
app.command("replay", short_help="Send a window of dead letters again, exactly once.")(replaying.replay)
app.command("triage", short_help="Show dead letters by class and reason, and the latest.")(triage.triage)
